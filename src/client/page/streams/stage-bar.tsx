/** Where a frame's time goes, stage by stage: one stacked bar with its legend. */

import type { StageTimes } from '../../../protocol/messages.ts';
import { formatMs } from './formats.ts';
import { STAGES } from './status-words.ts';

export function StageBar({ stages }: { stages: StageTimes | null }) {
  if (stages === null) return <p class="quiet">No results yet.</p>;
  const words = STAGES.map(({ key, label }) => `${label} ${formatMs(stages[key] / 1_000)}`).join(', ');
  return (
    <div class="stages">
      <div class="stage-bar" role="img" aria-label={`Time by stage: ${words}`}>
        {STAGES.map(({ key }) => (
          <span key={key} class="stage-part" data-stage={key} style={{ flexGrow: stages[key] }} />
        ))}
      </div>
      <ul class="stage-legend" aria-hidden="true">
        {STAGES.map(({ key, label, explanation }) => (
          <li key={key} title={explanation}>
            <span class="stage-key" data-stage={key} />
            {label} <b>{formatMs(stages[key] / 1_000)}</b>
          </li>
        ))}
      </ul>
    </div>
  );
}
