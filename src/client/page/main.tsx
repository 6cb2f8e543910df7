/** Starts the page: once it is let in, opens the line to the server and renders. */

import { render } from 'preact';
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
  const connection = new LiveConnection({
    ownNames: new Map([[webcam.id, 'My webcam']]),
    onHello: (streamIds) => {
      if (!streamIds.has(webcam.id)) webcam.serverLostUs('The server started anew.');
    },
    onStatus: ({ id, state, detail }) => {
      if (id === webcam.id && state === 'reconnecting')
        webcam.serverLostUs(detail ?? 'The server lost the picture.');
    },
  });
  render(<App connection={connection} webcam={webcam} />, root);
}

rememberSettings();
root.textContent = '';
render(<TokenGate onEnter={start} />, root);
