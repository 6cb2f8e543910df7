/** The peer process: one publisher's connection and decoders, run as a child of the server. */

import { systemClock } from '../../clock.ts';
import { EarsightError, messageOf } from '../../errors.ts';
import { MediaChannel } from '../process/media-channel.ts';
import type { WhipCommand, WhipEvent } from './messages.ts';
import { Peer } from './peer.ts';

let peer: Peer | null = null;

const channel = new MediaChannel<WhipCommand, WhipEvent>({
  onCommand: (command) => {
    const request = command.type === 'update' ? command.request : null;
    run(command).catch((error: unknown) => {
      const code = error instanceof EarsightError ? error.code : 'internal';
      channel.event({ type: 'refused', request, code, message: messageOf(error) });
    });
  },
  onClose: () => peer?.close(),
});

async function run(command: WhipCommand): Promise<void> {
  switch (command.type) {
    case 'offer':
      peer = new Peer(command.sdp, command.options, channel, systemClock);
      channel.event({ type: 'answer', sdp: await peer.answer() });
      return;
    case 'update':
      if (peer === null) throw new EarsightError('internal', 'A fragment came before the offer.');
      channel.event({
        type: 'updated',
        request: command.request,
        ...(await peer.update(command.fragment, command.anySession)),
      });
  }
}
