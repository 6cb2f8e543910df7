/** An independent WebRTC publisher (libwebrtc by @roamhq/wrtc) that sends drawn pictures and a tone. */

import wrtc from '@roamhq/wrtc';

const { RTCVideoSource, RTCAudioSource } = wrtc.nonstandard;
const AUDIO_RATE_HZ = 48_000;
/** libwebrtc takes sound in 10-ms pieces only. */
const SAMPLES_PER_PUSH = AUDIO_RATE_HZ / 100;

export interface WrtcPublisherOptions {
  width?: number;
  height?: number;
  frameRate?: number;
  audio?: boolean;
  /** A band of noise at the bottom, so that pictures are big and take several packets. */
  busy?: boolean;
}

/**
 * Sends pictures whose left half is dark and whose right half is bright, and a 440-Hz tone. Timers start at once;
 * `close()` ends them and the connection.
 */
export class WrtcPublisher {
  readonly #connection = new wrtc.RTCPeerConnection();
  readonly #video = new RTCVideoSource();
  readonly #audio: InstanceType<typeof RTCAudioSource> | null;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #busy: boolean;
  /** Whether the microphone brings anything. May be changed at any time. */
  sound = true;
  #size: { width: number; height: number };
  readonly #beganMs = performance.now();
  #pushed = 0;

  constructor({
    width = 640,
    height = 480,
    frameRate = 30,
    audio = true,
    busy = false,
  }: WrtcPublisherOptions = {}) {
    this.#busy = busy;
    this.#size = { width, height };
    this.#audio = audio ? new RTCAudioSource() : null;
    this.#connection.addTransceiver(this.#video.createTrack(), { direction: 'sendonly' });
    if (this.#audio !== null) {
      this.#connection.addTransceiver(this.#audio.createTrack(), { direction: 'sendonly' });
      this.#timers.push(setInterval(() => this.#pushAudio(), 10));
    }
    this.#timers.push(setInterval(() => this.#pushFrame(), 1000 / frameRate));
  }

  /** A complete (non-trickle) offer. */
  offer(): Promise<string> {
    return this.#offer({});
  }

  /** The offer that a WebRTC API makes to start ICE over; WHIP sends a fragment of it. */
  restart(): Promise<string> {
    return this.#offer({ iceRestart: true });
  }

  async #offer(options: { iceRestart?: boolean }): Promise<string> {
    const gathered = new Promise<void>((resolve) => {
      this.#connection.onicegatheringstatechange = () => {
        if (this.#connection.iceGatheringState === 'complete') resolve();
      };
    });
    await this.#connection.setLocalDescription(await this.#connection.createOffer(options));
    await gathered;
    return this.#connection.localDescription!.sdp;
  }

  async answer(sdp: string): Promise<void> {
    await this.#connection.setRemoteDescription({ type: 'answer', sdp });
  }

  /** As it stands: the last offer. */
  get localSdp(): string {
    return this.#connection.localDescription!.sdp;
  }

  /** `failed` when its checks have led nowhere for 15 s. */
  get connectionState(): string {
    return this.#connection.connectionState;
  }

  /** From the next picture on. */
  resize(width: number, height: number): void {
    this.#size = { width, height };
  }

  /** Figures of libwebrtc itself: what it was asked for and what it thinks of the path. */
  async figures(): Promise<{
    nackCount: number;
    pliCount: number;
    availableBps: number | null;
    packetsSent: number;
  }> {
    const stats = [...(await this.#connection.getStats()).values()] as Record<string, unknown>[];
    const outbound = stats.find((entry) => entry['type'] === 'outbound-rtp' && entry['kind'] === 'video');
    const pair = stats.find((entry) => entry['type'] === 'candidate-pair' && entry['nominated'] === true);
    const number = (value: unknown): number => (typeof value === 'number' ? value : 0);
    return {
      nackCount: number(outbound?.['nackCount']),
      pliCount: number(outbound?.['pliCount']),
      packetsSent: number(outbound?.['packetsSent']),
      availableBps:
        pair?.['availableOutgoingBitrate'] === undefined ? null : number(pair['availableOutgoingBitrate']),
    };
  }

  /** What the connection stands on; null while it does not. */
  async path(): Promise<{
    id: string;
    localPort: number;
    remotePort: number;
    protocol: string;
    remoteType: string;
  } | null> {
    const stats = new Map<string, Record<string, unknown>>(
      [...(await this.#connection.getStats()).values()].map((entry: Record<string, unknown>) => [
        String(entry['id']),
        entry,
      ]),
    );
    const transport = [...stats.values()].find((entry) => entry['type'] === 'transport');
    const pair = stats.get(String(transport?.['selectedCandidatePairId']));
    const local = stats.get(String(pair?.['localCandidateId']));
    const remote = stats.get(String(pair?.['remoteCandidateId']));
    if (local === undefined || remote === undefined) return null;
    return {
      id: String(pair?.['id']),
      localPort: Number(local['port']),
      remotePort: Number(remote['port']),
      protocol: String(local['protocol']),
      remoteType: String(remote['candidateType']),
    };
  }

  /** `connected`, or `closed` when the server said goodbye. */
  async dtlsState(): Promise<string> {
    const stats = [...(await this.#connection.getStats()).values()] as Record<string, unknown>[];
    return String(stats.find((entry) => entry['type'] === 'transport')?.['dtlsState']);
  }

  /** Says goodbye (DTLS close). */
  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#connection.close();
  }

  #pushFrame(): void {
    const { width, height } = this.#size;
    const data = new Uint8Array((width * height * 3) / 2).fill(128);
    for (let y = 0; y < height; y++) {
      data.fill(40, y * width, y * width + width / 2);
      data.fill(220, y * width + width / 2, (y + 1) * width);
    }
    if (this.#busy)
      for (let i = width * (height - 40); i < width * height; i++) data[i] = Math.random() * 255;
    this.#video.onFrame({ width, height, data });
  }

  /** All that is due: timers fire late, and a microphone does not slow down for that. */
  #pushAudio(): void {
    const due = ((performance.now() - this.#beganMs) / 1000) * AUDIO_RATE_HZ;
    while (this.#pushed + SAMPLES_PER_PUSH <= due) {
      if (this.sound) this.#pushTone();
      else this.#pushed += SAMPLES_PER_PUSH;
    }
  }

  #pushTone(): void {
    const samples = new Int16Array(SAMPLES_PER_PUSH);
    for (let i = 0; i < samples.length; i++) {
      samples[i] = 8000 * Math.sin((2 * Math.PI * 440 * this.#pushed++) / AUDIO_RATE_HZ);
    }
    this.#audio?.onData({
      samples,
      sampleRate: AUDIO_RATE_HZ,
      bitsPerSample: 16,
      channelCount: 1,
      numberOfFrames: samples.length,
    });
  }
}
