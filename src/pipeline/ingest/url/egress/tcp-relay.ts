/** A door on this machine that leads to one place: FFmpeg is given the door, and cannot be talked into another place. */

import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { EarsightError } from '../../../errors.ts';
import type { AddressPolicy } from './address-policy.ts';
import { connectAllowed, type Destination } from './connect.ts';
import { RedirectGuard } from './redirect-guard.ts';

export interface TcpRelay {
  readonly port: number;
  /** What went wrong on the far side, which FFmpeg cannot know. */
  fault(): EarsightError | null;
  /** From now on the server's words are passed on unseen. */
  trust(): void;
  close(): Promise<void>;
}

/**
 * Connects, then opens the door on 127.0.0.1. Each connection through it beyond the first connects anew.
 * @param watch look out for RTSP redirects until {@link TcpRelay.trust}
 * @throws EarsightError as {@link connectAllowed}
 */
export async function openRelay(
  destination: Destination,
  policy: AddressPolicy,
  signal: AbortSignal,
  watch: boolean,
): Promise<TcpRelay> {
  let waiting: Socket | null = await connectAllowed(destination, policy, signal);
  let fault: EarsightError | null = null;
  let watching = watch;
  const sockets = new Set<Socket>([waiting]);
  const guards = new Map<Socket, { guard: RedirectGuard; near: Socket }>();

  const join = (near: Socket, far: Socket): void => {
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
    }
    near.pipe(far);
    if (!watching) {
      far.pipe(near);
      return;
    }
    const guard = new RedirectGuard();
    guards.set(far, { guard, near });
    far.on('data', (piece: Buffer) => {
      if (!guards.has(far)) return;
      const passed = guard.take(piece);
      if (passed === null) {
        fault = new EarsightError(
          'forbidden-address',
          'it redirects to another address; use the address that it redirects to',
        );
        far.destroy();
      } else if (passed.length > 0) near.write(passed);
    });
    far.on('end', () => near.end(guard.release()));
  };

  const server = createServer({ noDelay: true }, (near) => {
    sockets.add(near);
    near.on('close', () => sockets.delete(near));
    near.on('error', () => undefined);
    const ready = waiting;
    waiting = null;
    if (ready !== null) {
      join(near, ready);
      return;
    }
    connectAllowed(destination, policy, signal).then(
      (far) => {
        sockets.add(far);
        far.on('close', () => sockets.delete(far));
        join(near, far);
      },
      (thrown: unknown) => {
        if (thrown instanceof EarsightError) fault = thrown;
        near.destroy();
      },
    );
  });
  waiting.on('error', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    fault: () => fault,
    trust: () => {
      watching = false;
      for (const [far, { guard, near }] of guards) {
        far.removeAllListeners('data');
        near.write(guard.release());
        far.pipe(near);
      }
      guards.clear();
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close').catch(() => undefined);
    },
  };
}
