/** Starts the page: opens the line to the server and renders. */

import { render } from 'preact';
import { App } from './app.tsx';
import { LiveConnection } from './connection/live-connection.ts';
import { rememberSettings } from './settings.ts';
import { WebcamPublisher } from './webcam/webcam-publisher.ts';

const root = document.querySelector('#app');
if (root === null) throw new Error('index.html has no #app.');

rememberSettings();
const webcam = new WebcamPublisher();
const connection = new LiveConnection({
  ownNames: new Map([[webcam.id, 'My webcam']]),
  onHello: (streamIds) => {
    if (!streamIds.has(webcam.id)) webcam.serverForgot();
  },
});
root.textContent = '';
render(<App connection={connection} webcam={webcam} />, root);
