/** A terminal's last line, written over and over, below lines that stay. */

export interface StatusLine {
  /** Replaces the last passing line; where there is no terminal it is shown now and then. */
  passing(text: string): void;
  lasting(text: string): void;
  /** Leaves the cursor on a line of its own. */
  end(): void;
}

/** Without a terminal, passing lines are shown no more often, ms. */
const QUIET_MS = 30_000;
const ERASE = '\r\u001b[K';

export function statusLine(out: NodeJS.WriteStream): StatusLine {
  let open = false;
  let shownAt = -Infinity;
  return {
    passing: (text) => {
      if (out.isTTY) {
        out.write(`${ERASE}${text.slice(0, out.columns - 1)}`);
        open = true;
      } else if (performance.now() - shownAt >= QUIET_MS) {
        shownAt = performance.now();
        out.write(`${text}\n`);
      }
    },
    lasting: (text) => {
      out.write(`${open ? ERASE : ''}${text}\n`);
      open = false;
    },
    end: () => {
      if (open) out.write('\n');
      open = false;
    },
  };
}
