/** Starts the page: once it is let in, opens the line to the server and renders. */

import { render } from 'preact';
import type { StreamInfo } from '../../protocol/messages.ts';
import { TokenGate } from './access/token-gate.tsx';
import { App } from './app.tsx';
import { LiveConnection } from './connection/live-connection.ts';
import { rememberSettings } from './settings.ts';
import { WebcamPublisher } from './webcam/webcam-publisher.ts';

const found = document.querySelector('#app');
if (found === null) throw new Error('index.html has no #app.');
const root = found;

function start(): void {
  const webcam = new WebcamPublisher();
  const look = ({ id, state, reason, detail }: StreamInfo): void => {
    // While a publisher connects it is reconnecting too, for the reason `connecting`.
    if (id === webcam.id && state === 'reconnecting' && reason !== 'connecting')
      webcam.serverLostUs(detail ?? 'The server lost the picture.');
  };
  const connection = new LiveConnection({
    ownNames: new Map([[webcam.id, 'My webcam']]),
    onHello: (streams) => {
      const ours = streams.find(({ id }) => id === webcam.id);
      if (ours === undefined) webcam.serverLostUs('The server started anew.');
      else look(ours);
    },
    onStatus: look,
  });
  render(<App connection={connection} webcam={webcam} />, root);
}

rememberSettings();
root.textContent = '';
render(<TokenGate onEnter={start} />, root);
