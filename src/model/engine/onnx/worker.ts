/** Entry of an engine worker thread: `InferenceSession.run` blocks its thread, so it has one of its own. */

import { serveSession } from '../threads/serve-session.ts';
import { OnnxSession } from './onnx-session.ts';
import type { SessionSettings } from './providers.ts';

await serveSession<SessionSettings>(({ folder, settings }) => OnnxSession.open(folder, settings));
