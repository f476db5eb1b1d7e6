import { useEffect, useRef } from "preact/hooks";
import { setTitle } from "./parts";

/** Asks for the function key. `rejected`: the service did not accept the last one. */
export function KeyForm({ rejected, onKey }: { rejected: boolean; onKey: (key: string) => void }) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    setTitle("Function key");
    field.current?.focus();
  }, []);
  return (
    <section class="panel key-form" aria-labelledby="key-title">
      <h1 id="key-title" tabIndex={-1}>
        Function key
      </h1>
      <p>
        Enter a function key that allows reading. Ask the administrator of this service for one. Don't use a host key:
        it allows everything. This tab keeps the key until you close it, and sends it only to this service.
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
            aria-invalid={rejected}
            aria-describedby={rejected ? "key-rejected" : undefined}
          />
          <button type="submit" class="primary">
            Continue
          </button>
        </div>
        {rejected && (
          <p id="key-rejected" class="field-error" role="alert">
            The service rejected this key.
          </p>
        )}
      </form>
    </section>
  );
}
