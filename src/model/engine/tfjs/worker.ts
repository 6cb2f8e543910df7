/** Entry of a tfjs engine's worker thread. */

import { serveSession } from '../threads/serve-session.ts';
import { TfjsSession } from './tfjs-session.ts';

await serveSession(({ folder }) => TfjsSession.open(folder));
