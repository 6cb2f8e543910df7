/** One webcam, played by libwebrtc in a process of its own: `node publish.ts <WHIP URL>`; ends with its parent. */

import { WrtcPublisher } from '../test/support/webrtc/wrtc-publisher.ts';

const [whipUrl = ''] = process.argv.slice(2);
const publisher = new WrtcPublisher({ width: 640, height: 480, frameRate: 30 });
const answer = await fetch(whipUrl, {
  method: 'POST',
  headers: { 'content-type': 'application/sdp' },
  body: await publisher.offer(),
});
if (answer.status !== 201) throw new Error(`WHIP: ${answer.status} ${await answer.text()}`);
await publisher.answer(await answer.text());
process.send?.('publishing');
process.on('disconnect', () => {
  publisher.close();
  process.exit(0);
});
