/** A publisher in a process of its own, so that a test can kill it without a goodbye. */

import { WrtcPublisher } from './wrtc-publisher.ts';

const publisher = new WrtcPublisher();
process.on('message', (answerSdp: string) => void publisher.answer(answerSdp));
process.send?.(await publisher.offer());
