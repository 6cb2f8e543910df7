/** How the heat is drawn: a chip per class, opacity, threshold, labels, outlines. */

import type { ClassInfo } from '../../../protocol/messages.ts';
import { changeSettings, settings, toggleClass } from '../settings.ts';

export function DisplayBar({ classes }: { classes: readonly ClassInfo[] }) {
  const { hiddenClasses, opacity, threshold, labels, outlines } = settings.value;
  const allShown = classes.every(({ name }) => !hiddenClasses.includes(name));
  return (
    <section class="display-bar" aria-label="Display">
      <div class="chips" role="group" aria-label="Classes shown">
        {classes.map(({ name, colour }) => (
          <button
            key={name}
            type="button"
            class="chip"
            data-class={name}
            aria-pressed={!hiddenClasses.includes(name)}
            style={{ '--class-colour': colour }}
            onClick={() => toggleClass(name)}
          >
            {name}
          </button>
        ))}
        <button
          type="button"
          class="chip chip-all"
          onClick={() => changeSettings({ hiddenClasses: allShown ? classes.map(({ name }) => name) : [] })}
        >
          {allShown ? 'Hide all' : 'Show all'}
        </button>
      </div>
      <div class="sliders">
        <Slider label="Opacity" value={opacity} onChange={(value) => changeSettings({ opacity: value })} />
        <Slider
          label="Threshold"
          value={threshold}
          onChange={(value) => changeSettings({ threshold: value })}
        />
        <Check label="Labels" checked={labels} onChange={(value) => changeSettings({ labels: value })} />
        <Check
          label="Outlines"
          checked={outlines}
          onChange={(value) => changeSettings({ outlines: value })}
        />
      </div>
    </section>
  );
}

function Slider(props: { label: string; value: number; onChange: (value: number) => void }) {
  const percent = Math.round(props.value * 100);
  return (
    <label class="slider">
      <span>{props.label}</span>
      <input
        type="range"
        min={0}
        max={100}
        step={1}
        value={percent}
        aria-valuetext={`${percent} %`}
        onInput={(event) => props.onChange(event.currentTarget.valueAsNumber / 100)}
      />
      <output>{percent} %</output>
    </label>
  );
}

function Check(props: { label: string; checked: boolean; onChange: (checked: boolean) => void }) {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={props.checked}
        onInput={(event) => props.onChange(event.currentTarget.checked)}
      />
      {props.label}
    </label>
  );
}
