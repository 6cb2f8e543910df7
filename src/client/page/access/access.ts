/** What this page may do at the server: asked once before it opens its line. */

import { signal } from '@preact/signals';
import { RequestProblem, request } from '../api/problem.ts';
import { API_BASE } from '../api/streams-api.ts';
import { forgetToken } from './page-token.ts';

type Role = 'view' | 'publish' | 'admin';

const roles = signal<readonly Role[]>([]);

/** Of some streams at least; the server judges each request. */
export function may(role: Role): boolean {
  return roles.value.includes(role);
}

/**
 * Asks the server what the token at hand may do; resolves when {@link may} knows.
 * @throws RequestProblem with status 401 where a (better) token is needed, or as {@link request}
 */
export async function learnRights(): Promise<void> {
  const response = await request(`${API_BASE}access`);
  const answer = (await response.json()) as { roles: Role[] };
  if (!answer.roles.includes('view')) {
    throw new RequestProblem(
      'forbidden',
      403,
      'This token may publish, but not see: it lacks the role view.',
    );
  }
  roles.value = answer.roles;
}

/** Back to the question for a token. */
export function leave(): void {
  forgetToken();
  globalThis.location.reload();
}
