/** What model is at work, what it can hear, and which server runs it. */

import { useEffect, useState } from 'preact/hooks';
import type { HelloMessage } from '../../../protocol/messages.ts';
import { readModel } from '../api/streams-api.ts';
import { Modal } from './modal.tsx';

export function AboutDialog({ hello, onClose }: { hello: HelloMessage; onClose: () => void }) {
  const [facts, setFacts] = useState<[name: string, value: string][]>([]);
  useEffect(() => {
    readModel().then(
      (model) => setFacts(modelFacts(model)),
      // The hello message told the rest already.
      () => setFacts([]),
    );
  }, []);
  const { model, server, limits } = hello;
  return (
    <Modal title="About the model" onClose={onClose}>
      <p>
        <b>{model.name}</b> finds which part of the picture makes which sound. It knows {model.classes.length}{' '}
        kinds of sound and answers with a map of {model.grid.rows} × {model.grid.cols} cells for each; what it
        was not taught it takes for the nearest thing it knows, or for nothing.
      </p>
      <ul class="class-list">
        {model.classes.map(({ name, colour }) => (
          <li key={name} style={{ '--class-colour': colour }}>
            {name}
          </li>
        ))}
      </ul>
      <dl class="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
        <div>
          <dt>Server</dt>
          <dd>
            {server.name} {server.version}, up to {limits.maxStreams} streams
          </dd>
        </div>
      </dl>
      <div class="form-actions">
        <button type="button" class="button" onClick={onClose}>
          Close
        </button>
      </div>
    </Modal>
  );
}

/** The short texts and numbers of the server's answer; `inputWidth` reads as "Input width". */
export function modelFacts(model: Record<string, unknown>): [name: string, value: string][] {
  return Object.entries(model).flatMap(([key, value]): [string, string][] => {
    if (key === 'name' || (typeof value !== 'string' && typeof value !== 'number')) return [];
    const words = key.replaceAll(/([a-z])([A-Z])/gu, '$1 $2').toLowerCase();
    return [[words.charAt(0).toUpperCase() + words.slice(1), String(value)]];
  });
}
