/** Faults of webcams and of the processes that decode them. */

import { setTimeout as sleep } from 'node:timers/promises';
import { childBoundTo } from '../test/support/media-process/connected-child.ts';
import { type Caller, callIn } from '../test/support/webrtc/call-in.ts';
import { ForkedPublisher } from '../test/support/webrtc/forked-publisher.ts';
import { LossyRelay, withoutCandidates } from '../test/support/webrtc/lossy-relay.ts';
import { ScriptedPublisher } from '../test/support/webrtc/scripted-publisher.ts';
import { WrtcPublisher } from '../test/support/webrtc/wrtc-publisher.ts';
import type { Fault, FaultScene } from './fault.ts';
import { ServerUnderTest } from './server-under-test.ts';

const SMALL = { width: 320, height: 240 };
const LARGER = { width: 400, height: 300 };

/** Webcams of one server, each at a stream of its own. */
class Webcams {
  readonly #server: ServerUnderTest;
  readonly #ends: (() => Promise<void> | void)[] = [];
  readonly #ports = new Map<string, number>();

  constructor(server: ServerUnderTest) {
    this.#server = server;
  }

  async call<C extends Caller>(
    stream: string,
    caller: C,
    end: (caller: C) => Promise<void> | void,
  ): Promise<C> {
    this.#ends.push(() => end(caller));
    await callIn(this.#server.url, stream, caller, {
      onAnswer: (sdp) => {
        this.#ports.set(stream, Number(/^a=candidate:\S+ 1 udp \d+ 127\.0\.0\.1 (\d+) /m.exec(sdp)?.[1]));
        return sdp;
      },
    });
    return caller;
  }

  scripted(
    stream: string,
    options: ConstructorParameters<typeof ScriptedPublisher>[0] = {},
  ): Promise<ScriptedPublisher> {
    return this.call(stream, new ScriptedPublisher({ size: SMALL, ...options }), (caller) => caller.close());
  }

  /** Sends a signal to the process that decodes the stream's newest call. */
  signal(stream: string, name: NodeJS.Signals): void {
    process.kill(childBoundTo(this.#ports.get(stream)!, this.#server.pid)!, name);
  }

  /** What the fault leaves of a call is ended with the rest. */
  endsWith(end: () => Promise<void> | void): void {
    this.#ends.push(end);
  }

  async close(): Promise<void> {
    for (const end of this.#ends.reverse()) await end();
  }
}

const SETTINGS = { session: { maxRateHz: 5 }, engine: { precision: 'int8' } };

/** Faults that a new call mends. A call starts a process, which loads FFmpeg: one at a time. */
export async function webcamCalls(): Promise<FaultScene> {
  const server = await ServerUnderTest.start(SETTINGS);
  const webcams = new Webcams(server);
  const openTab = (stream: string): Promise<ForkedPublisher> =>
    webcams.call(stream, new ForkedPublisher(), (caller) => caller.kill());

  let tab = await openTab('tab');
  for (const stream of ['killed', 'hung', 'codec']) await webcams.scripted(stream);

  /** The webcam calls again as soon as its process is in trouble. */
  const signalled =
    (stream: string, name: NodeJS.Signals): Fault['inject'] =>
    async () => {
      webcams.signal(stream, name);
      const now = performance.now();
      await webcams.scripted(stream);
      return now;
    };
  let turn = 0;
  const faults: Fault[] = [
    {
      name: 'webcam tab closed without a word, opened again after 2 s',
      stream: 'tab',
      inject: async () => {
        await tab.kill();
        const next = new ForkedPublisher();
        await sleep(2_000);
        const now = performance.now();
        tab = await webcams.call('tab', next, (caller) => caller.kill());
        return now;
      },
    },
    {
      name: 'decoder process of a webcam killed, called again at once',
      stream: 'killed',
      inject: signalled('killed', 'SIGKILL'),
    },
    {
      name: 'decoder process of a webcam hung, called again at once',
      stream: 'hung',
      inject: signalled('hung', 'SIGSTOP'),
    },
    {
      name: 'webcam calls again with another codec',
      stream: 'codec',
      inject: async () => {
        const now = performance.now();
        await webcams.scripted('codec', { codec: turn++ % 2 === 0 ? 'H264' : 'VP8' });
        return now;
      },
    },
  ];
  return await sceneOf(server, webcams, faults, true);
}

/** Faults that the call survives. */
export async function webcamFaults(): Promise<FaultScene> {
  const server = await ServerUnderTest.start(SETTINGS);
  const webcams = new Webcams(server);
  const muted = await webcams.call('muted', new WrtcPublisher({ ...SMALL, frameRate: 15 }), (caller) =>
    caller.close(),
  );
  const wrong = await webcams.scripted('reports');
  const resized = await webcams.scripted('size');
  const relay = await publishThroughRelay(server, webcams);
  let turn = 0;
  const faults: Fault[] = [
    {
      name: 'microphone of a webcam silent for 5 s, its clock too',
      stream: 'muted',
      inject: async () => {
        muted.sound = false;
        await sleep(5_000);
        muted.sound = true;
        return performance.now();
      },
    },
    {
      name: 'sender reports of a webcam wrong by 60 s, or true again',
      stream: 'reports',
      inject: async () => {
        wrong.reports = { video: 0, audio: wrong.reports.audio === 0 ? -60_000 : 0 };
        const now = performance.now();
        await sleep(4_000);
        return now;
      },
    },
    {
      name: 'size of a webcam changes',
      stream: 'size',
      inject: () => {
        resized.resize(turn++ % 2 === 0 ? LARGER : SMALL);
        return Promise.resolve(performance.now());
      },
    },
    {
      name: '5 % of the packets of a webcam lost, others overtaken, for 5 s',
      stream: 'lossy',
      inject: async () => {
        let packets = 0;
        relay.lose = () => ++packets % 20 === 0;
        relay.hold = () => (packets % 7 === 3 ? 40 : 0);
        const now = performance.now();
        await sleep(5_000);
        relay.lose = () => false;
        relay.hold = () => 0;
        return now;
      },
    },
  ];
  return await sceneOf(server, webcams, faults, false);
}

async function sceneOf(
  server: ServerUnderTest,
  webcams: Webcams,
  faults: readonly Fault[],
  oneByOne: boolean,
): Promise<FaultScene> {
  await server.live();
  return {
    server,
    faults,
    oneByOne,
    close: async () => {
      await webcams.close();
      await server.close();
    },
  };
}

async function publishThroughRelay(server: ServerUnderTest, webcams: Webcams): Promise<LossyRelay> {
  const relay = new LossyRelay();
  const publisher = new WrtcPublisher({ ...SMALL, frameRate: 15, busy: true });
  webcams.endsWith(() => relay.close());
  webcams.endsWith(() => publisher.close());
  await callIn(server.url, 'lossy', publisher, {
    onOffer: withoutCandidates,
    onAnswer: (sdp) => relay.divert(sdp),
  });
  return relay;
}
