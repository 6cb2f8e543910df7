/** Asks for a camera's address and name, and shows the server's objections beside the field they are about. */

import { useId, useRef, useState } from 'preact/hooks';
import { type FieldProblem, RequestProblem } from '../api/problem.ts';
import { addCamera } from '../api/streams-api.ts';
import { Modal } from '../controls/modal.tsx';

const FIELDS = ['url', 'name'];

export function AddCameraDialog({ onClose }: { onClose: () => void }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<RequestProblem | null>(null);
  const form = useRef<HTMLFormElement>(null);

  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (form.current === null || busy) return;
    const entries = new FormData(form.current);
    const url = textOf(entries, 'url');
    const name = textOf(entries, 'name');
    if (url === '') {
      const missing = { field: 'url', message: 'Enter the address of the camera.' };
      setProblem(new RequestProblem('missing', 0, missing.message, [missing]));
      focusField(form.current, 'url');
      return;
    }
    setBusy(true);
    setProblem(null);
    try {
      await addCamera({ kind: 'url', url, ...(name === '' ? {} : { name }) });
      onClose();
    } catch (error) {
      const refusal =
        error instanceof RequestProblem ? error : new RequestProblem('unexpected', 0, String(error));
      setProblem(refusal);
      setBusy(false);
      focusField(form.current, refusal.fields.find(({ field }) => FIELDS.includes(field))?.field ?? 'url');
    }
  };

  const general = problem !== null && !problem.fields.some(({ field }) => FIELDS.includes(field));
  return (
    <Modal title="Add a camera" onClose={onClose}>
      <form ref={form} class="form" noValidate onSubmit={(event) => void submit(event)}>
        {general && (
          <p class="form-problem" role="alert">
            {problem.message}
          </p>
        )}
        <Field
          name="url"
          label="Address"
          type="url"
          placeholder="rtsp://192.168.1.20:554/stream1"
          hint="RTSP, RTMP, HLS or HTTP. A password in it goes to the server only and is never shown again."
          problems={problem?.fields ?? []}
        />
        <Field
          name="name"
          label="Name"
          type="text"
          placeholder="Front door"
          hint="Optional."
          problems={problem?.fields ?? []}
        />
        <div class="form-actions">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="button button-primary" aria-disabled={busy}>
            {busy ? 'Adding…' : 'Add camera'}
          </button>
        </div>
      </form>
    </Modal>
  );
}

interface FieldProps {
  name: string;
  label: string;
  type: 'url' | 'text';
  placeholder: string;
  hint: string;
  problems: readonly FieldProblem[];
}

function Field({ name, label, type, placeholder, hint, problems }: FieldProps) {
  const id = useId();
  const messages = problems.filter(({ field }) => field === name).map(({ message }) => message);
  return (
    <div class="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        name={name}
        type="text"
        inputMode={type}
        autoComplete="off"
        autoCapitalize="off"
        spellcheck={false}
        placeholder={placeholder}
        aria-invalid={messages.length > 0}
        aria-describedby={`${id}-hint ${id}-problem`}
      />
      <p id={`${id}-problem`} class="field-problem" role="alert" data-problem={name}>
        {messages.join(' ')}
      </p>
      <p id={`${id}-hint`} class="field-hint">
        {hint}
      </p>
    </div>
  );
}

function textOf(entries: FormData, name: string): string {
  const value = entries.get(name);
  return typeof value === 'string' ? value.trim() : '';
}

function focusField(form: HTMLFormElement, name: string): void {
  form.querySelector<HTMLInputElement>(`input[name="${name}"]`)?.focus();
}
