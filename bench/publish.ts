/** One webcam: headless Chromium with its fake devices, 640x480 at 30 frames a second, publishing by WHIP. */

import { launchChromium } from '../test/support/browser/chromium.ts';

/** Runs in the page, as text: our own type check knows no DOM. It draws nothing, so the browser costs little. */
const PUBLISH = `async (whipPath) => {
  const media = await navigator.mediaDevices.getUserMedia({
    video: { width: 640, height: 480, frameRate: 30 },
    audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
  });
  const peer = new RTCPeerConnection();
  for (const track of media.getTracks()) peer.addTrack(track, media);
  await peer.setLocalDescription();
  while (peer.iceGatheringState !== 'complete') await new Promise((resolve) => setTimeout(resolve, 20));
  const answer = await fetch(whipPath, {
    method: 'POST',
    headers: { 'content-type': 'application/sdp' },
    body: peer.localDescription.sdp,
  });
  if (answer.status !== 201) throw new Error('WHIP: ' + answer.status + ' ' + (await answer.text()));
  await peer.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
}`;

/** @returns a function that closes the browser. */
export async function publishWebcam(serverUrl: string, streamId: string): Promise<() => Promise<void>> {
  const browser = await launchChromium({ camera: 'allowed', cameraRateHz: 30 });
  const page = await browser.newPage({ permissions: ['camera', 'microphone'] });
  await page.goto(`${serverUrl}/healthz`);
  await page.evaluate(`(${PUBLISH})('/api/v1/whip/${streamId}')`);
  return () => browser.close();
}
