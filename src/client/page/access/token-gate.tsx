/** Asks for a token where the server needs one, and says when the page may begin. */

import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { RequestProblem } from '../api/problem.ts';
import { learnRights } from './access.ts';
import { forgetToken, keepToken, pageToken } from './page-token.ts';

const RETRY_MS = 2_000;

type Gate = { state: 'asking' } | { state: 'absent' } | { state: 'closed'; problem: string | null };

/** @param onEnter called once, when the server has told what may be done */
export function TokenGate({ onEnter }: { onEnter: () => void }) {
  const [gate, setGate] = useState<Gate>({ state: 'asking' });
  const ask = async (): Promise<void> => {
    try {
      await learnRights();
      onEnter();
    } catch (error) {
      setGate(gateFor(error));
    }
  };
  useEffect(() => {
    void ask();
  }, []);
  useEffect(() => {
    if (gate.state !== 'absent') return;
    const timer = setInterval(() => void ask(), RETRY_MS);
    return () => {
      clearInterval(timer);
    };
  }, [gate.state]);
  if (gate.state === 'closed') return <TokenForm problem={gate.problem} onToken={ask} />;
  return <p class="booting">{gate.state === 'absent' ? 'Waiting for the server…' : 'Connecting…'}</p>;
}

function gateFor(error: unknown): Gate {
  if (!(error instanceof RequestProblem)) throw error;
  if (![401, 403, 429].includes(error.status)) return { state: 'absent' };
  const wasGiven = pageToken() !== null;
  // While too many were tried, the one at hand may well be right.
  if (error.status !== 429) forgetToken();
  return { state: 'closed', problem: wasGiven ? error.message : null };
}

function TokenForm({ problem, onToken }: { problem: string | null; onToken: () => Promise<void> }) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => input.current?.focus(), []);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const token = input.current?.value.trim() ?? '';
    if (token === '' || busy) return;
    keepToken(token);
    setBusy(true);
    await onToken();
    setBusy(false);
    input.current?.select();
  };
  return (
    <main class="token-gate">
      <h1>Earsight</h1>
      <form class="form" onSubmit={(event) => void submit(event)}>
        <div class="field">
          <label htmlFor={id}>Token</label>
          <input
            id={id}
            ref={input}
            name="token"
            type="password"
            autoComplete="current-password"
            aria-invalid={problem !== null}
            aria-describedby={`${id}-hint ${id}-problem`}
          />
          <p id={`${id}-problem`} class="field-problem" role="alert">
            {problem}
          </p>
          <p id={`${id}-hint`} class="field-hint">
            Whoever runs this server makes it with <code>earsight token</code>. It is forgotten with this tab.
          </p>
        </div>
        <div class="form-actions">
          <button type="submit" class="button button-primary" aria-disabled={busy}>
            {busy ? 'Asking…' : 'Enter'}
          </button>
        </div>
      </form>
    </main>
  );
}
