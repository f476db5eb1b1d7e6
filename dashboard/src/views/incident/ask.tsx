import { useEffect, useRef, useState } from "preact/hooks";
import type { ApiError } from "../../api";
import { signIn } from "../../api";
import { errorOf } from "../../load";
import { instant } from "../../period";
import { Untrusted } from "../../text";

export type Answers = Record<string, string>;

const REASONS = {
  fixed: "It is fixed",
  accepted: "The risk is accepted",
  false_positive: "It was not a problem",
  not_needed: "Nothing has to be done",
};
const DAY_MS = 86_400_000;
const MAX_DAYS = 365;

interface AskProps {
  title: string;
  text: string;
  fields: string[];
  yes: string;
  /** Does it. Throws ApiError. */
  act: (answers: Answers) => Promise<void>;
  close: () => void;
}

let name = ""; // of the person; asked once, and only with function keys: otherwise the service knows it

/** A dialog that asks what an action needs. It stays open, with the reason, if the action is refused. */
export function Ask({ title, text, fields, yes, act, close }: AskProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const form = useRef<HTMLFormElement>(null);
  const [running, run] = useState(false);
  const [error, setError] = useState<ApiError>();
  useEffect(() => dialog.current?.showModal(), []);

  const submit = async (event: Event) => {
    event.preventDefault();
    if (!form.current || running) return;
    const answers: Answers = {};
    for (const [field, value] of new FormData(form.current)) {
      if (typeof value === "string" && value.trim()) answers[field] = value.trim();
    }
    if (answers["by"]) name = answers["by"];
    if (answers["until"]) answers["until"] = endOfDay(answers["until"]);
    run(true);
    setError(undefined);
    try {
      await act(answers);
      dialog.current?.close();
    } catch (reason) {
      setError(errorOf(reason));
      run(false);
    }
  };
  return (
    <dialog ref={dialog} aria-labelledby="ask-title" onClose={close}>
      <h2 id="ask-title">{title}</h2>
      <p>{text}</p>
      <form ref={form} class="ask" onSubmit={(event) => void submit(event)}>
        {fields.includes("reason") && (
          <label>
            <span>Reason</span>
            <select name="reason">
              {Object.entries(REASONS).map(([value, label]) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </select>
          </label>
        )}
        {fields.includes("why") && (
          <label>
            <span>Reason</span>
            <input name="reason" required maxLength={1000} autocomplete="off" />
          </label>
        )}
        {fields.includes("until") && (
          <label>
            <span>Until the end of</span>
            <input type="date" name="until" required min={day(0)} max={day(MAX_DAYS - 1)} value={day(7)} />
          </label>
        )}
        {fields.includes("note") && (
          <label>
            <span>
              Note <span class="muted">(optional)</span>
            </span>
            <textarea name="note" rows={2} maxLength={1000} />
          </label>
        )}
        {signIn === "keys" && (
          <label>
            <span>
              Your name <span class="muted">(optional, for the history)</span>
            </span>
            <input name="by" maxLength={200} autocomplete="name" defaultValue={name} />
          </label>
        )}
        {error && <Refused error={error} />}
        <div class="buttons">
          <button type="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" class="primary" disabled={running}>
            {yes}
          </button>
        </div>
      </form>
    </dialog>
  );
}

/** The date in this number of days, as in a date field. */
function day(days: number): string {
  const date = new Date(Date.now() + days * DAY_MS);
  const pad = (value: number) => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
}

/** The last second of a day of the reader. */
function endOfDay(date: string): string {
  return instant(new Date(`${date}T23:59:59`).valueOf());
}

/** Why an action was refused. */
export function Refused({ error }: { error: ApiError }) {
  return (
    <div class="notice problem" role="alert">
      <p>
        <strong>Nothing was changed.</strong> <Untrusted text={error.message} />
      </p>
    </div>
  );
}
