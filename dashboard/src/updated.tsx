import type { Loaded } from "./load";
import { clock } from "./text";

/** When a view was read, and the button that reads it again. */
export function Updated({ loads, reload }: { loads: Loaded<unknown>[]; reload: () => void }) {
  const times = loads.flatMap((load) => (load.at ? [load.at.valueOf()] : []));
  const loading = loads.some((load) => load.loading);
  const text = times.length ? `Updated at ${clock(new Date(Math.min(...times)))}` : loading ? "Loading…" : "Not read";
  return (
    <p class="updated">
      <span class="muted">{text}</span>
      <button type="button" class="quiet" disabled={loading} onClick={reload}>
        Refresh
      </button>
    </p>
  );
}
