/** What a look at one thing found. */

import { messageOf } from '../../pipeline/errors.ts';

/** `fact`: nothing to judge. `warning`: works, but not as it could. `fault`: the server cannot work so. */
export type Verdict = 'good' | 'fact' | 'warning' | 'fault';

export interface Finding {
  /** What was looked at. */
  name: string;
  verdict: Verdict;
  /** What was found, free of credentials. */
  text: string;
  /** What to do; null when nothing is. */
  mend: string | null;
}

/** One look, which takes at most some seconds. Never throws. */
export type Look = () => Promise<Finding[]>;

export const found = (name: string, verdict: Verdict, text: string, mend: string | null = null): Finding => ({
  name,
  verdict,
  text,
  mend,
});

/** A look that cannot throw: what it would have thrown is its finding. */
export function lookAt(name: string, look: () => Finding[] | Promise<Finding[]>): Look {
  return async () => {
    try {
      return await look();
    } catch (thrown) {
      return [found(name, 'fault', messageOf(thrown))];
    }
  };
}
