import { useRef } from "preact/hooks";

/** Asks for the function key, which is kept for this tab alone. */
export function KeyForm({ wrong, onKey }: { wrong: boolean; onKey: (key: string) => void }) {
  const field = useRef<HTMLInputElement>(null);
  return (
    <section class="panel key-form" aria-labelledby="key-title">
      <h1 id="key-title" tabIndex={-1}>
        Function key
      </h1>
      <p>
        The service asks for a function key. In the Azure portal open the function app, <b>App keys</b>, and take one
        under Host keys. It is kept for this tab, until it is closed, and sent to this service alone.
      </p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const key = field.current?.value.trim();
          if (key) onKey(key);
        }}
      >
        <label for="key">Key</label>
        <div class="row">
          <input
            id="key"
            ref={field}
            type="password"
            autocomplete="off"
            spellcheck={false}
            required
            aria-invalid={wrong}
            aria-describedby={wrong ? "key-wrong" : undefined}
          />
          <button type="submit" class="primary">
            Open
          </button>
        </div>
        {wrong && (
          <p id="key-wrong" class="field-error" role="alert">
            The service did not accept this key.
          </p>
        )}
      </form>
    </section>
  );
}
