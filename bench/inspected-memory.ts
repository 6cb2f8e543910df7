/** Looks into a running server through Node's own inspector: its heap after garbage collection, and what is open. */

import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { InspectedServer } from './server-under-test.ts';

export interface InspectedMemory {
  /** What JavaScript of the main thread still reaches. */
  heapUsedBytes: number;
  /** Buffers outside of the heap. */
  externalBytes: number;
  /** Handles and requests that keep the event loop going, by kind. */
  active: Readonly<Record<string, number>>;
}

const EXPRESSION = `(() => {
  const active = {};
  for (const kind of process.getActiveResourcesInfo()) active[kind] = (active[kind] ?? 0) + 1;
  const { heapUsed, external } = process.memoryUsage();
  return { heapUsedBytes: heapUsed, externalBytes: external, active };
})()`;

interface Answer {
  id: number;
  result?: { result?: { value?: InspectedMemory } };
  error?: { message: string };
}

/** Collects garbage first. The inspector's connection is closed again: it is part of no count. */
export async function inspectMemory({ inspectorPort }: InspectedServer): Promise<InspectedMemory> {
  if (inspectorPort === null) throw new Error('the server was started without the inspector');
  const list = await fetch(`http://127.0.0.1:${inspectorPort}/json/list`);
  const [target] = (await list.json()) as { webSocketDebuggerUrl: string }[];
  const socket = new WebSocket(target!.webSocketDebuggerUrl);
  await once(socket, 'open');
  try {
    let id = 0;
    const ask = async (method: string, params: object = {}): Promise<Answer> => {
      id += 1;
      socket.send(JSON.stringify({ id, method, params }));
      for (;;) {
        const [data] = (await once(socket, 'message')) as [Buffer];
        const answer = JSON.parse(data.toString('utf8')) as Answer;
        if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`);
        if (answer.id === id) return answer;
      }
    };
    // What finalizers let go of in the first is collected by the second.
    for (let i = 0; i < 2; i++) await ask('HeapProfiler.collectGarbage');
    const { result } = await ask('Runtime.evaluate', { expression: EXPRESSION, returnByValue: true });
    const value = result?.result?.value;
    if (value === undefined) throw new Error('the server gave no figures of its memory');
    return value;
  } finally {
    socket.terminate();
  }
}
