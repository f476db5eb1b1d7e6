import { useState } from "preact/hooks";
import { type ApiError, mayWrite } from "./api";
import { announce } from "./live";
import { errorOf } from "./load";
import { Confirm, ReadOnly } from "./parts";
import { Problem } from "./shown";

interface ActProps {
  label: string;
  /** What the button says meanwhile. */
  busy: string;
  /** What is asked before, if it is. */
  ask?: { title: string; text: string };
  /** Does it, and returns the message about it. Throws ApiError. */
  act: () => Promise<string>;
  /** Whether the message is also shown. */
  shown?: boolean;
  /** What failed, within a sentence, if it did. */
  what: string;
  /** One of several on the page: it is small, and does not repeat that the reader may not use it. */
  minor?: boolean;
}

/** A button that lets the service do something. */
export function Act({ label, busy, ask, act, shown = false, what, minor = false }: ActProps) {
  const [asking, setAsking] = useState(false);
  const [running, run] = useState(false);
  const [note, setNote] = useState("");
  const [error, setError] = useState<ApiError>();
  const start = async () => {
    run(true);
    setError(undefined);
    announce(busy);
    try {
      const told = await act();
      announce(told);
      if (shown) setNote(told);
    } catch (reason) {
      setError(errorOf(reason));
    } finally {
      run(false);
    }
  };
  if (!mayWrite) return minor ? null : <ReadOnly />;
  return (
    <div class="do">
      <button
        type="button"
        class={minor ? "small" : "primary"}
        disabled={running}
        onClick={() => (ask ? setAsking(true) : void start())}
      >
        {running ? busy : label}
      </button>
      {note && <p class="muted">{note}</p>}
      {error && <Problem error={error} what={what} />}
      {asking && ask && (
        <Confirm title={ask.title} yes={label} onYes={() => void start()} onNo={() => setAsking(false)}>
          {ask.text}
        </Confirm>
      )}
    </div>
  );
}
