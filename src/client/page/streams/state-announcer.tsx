/** Reads changes of the streams' states to people who do not see the badges. */

import { useSignalEffect } from '@preact/signals';
import { useRef, useState } from 'preact/hooks';
import type { LiveConnection } from '../connection/live-connection.ts';
import { stateSentence, stateWords } from './status-words.ts';

export function StateAnnouncer({ connection }: { connection: LiveConnection }) {
  const [text, setText] = useState('');
  const known = useRef(new Map<string, string>());
  useSignalEffect(() => {
    const now = new Map<string, string>();
    const changes: string[] = [];
    for (const { info } of connection.streams.value) {
      const { id, name, state } = info.value;
      now.set(id, state);
      const before = known.current.get(id);
      if (before !== undefined && before !== state) {
        changes.push(`${name}: ${stateWords(state).label}. ${stateSentence(info.value) ?? ''}`);
      }
    }
    known.current = now;
    if (changes.length > 0) setText(changes.join(' '));
  });
  return (
    <div class="visually-hidden" role="status" data-role="announcer">
      {text}
    </div>
  );
}
