import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, get, mayWrite, post } from "../../api";
import { announce } from "../../live";
import { errorOf, keep } from "../../load";
import { Confirm, ReadOnly } from "../../parts";
import { Problem } from "../../shown";
import type { Finding } from "../../wire";

const POLL_MS = 1500;
const POLL_FOR_MS = 60_000; // a triage takes less
const LATE = "There is no new result yet. Refresh the page later.";

interface RetriageProps {
  finding: Finding;
  path: string;
  cacheKey: string;
  done: () => void;
}

type State = "idle" | "asking" | "waiting";

/** The button that triages the failure again, waits for the result, and says what changed. */
export function Retriage({ finding, path, cacheKey, done }: RetriageProps) {
  const [state, set] = useState<State>("idle");
  const [note, setNote] = useState("");
  const [error, setError] = useState<ApiError>();
  const stop = useRef(new AbortController());
  useEffect(() => () => stop.current.abort(), []);

  const start = async () => {
    setError(undefined);
    setNote("");
    set("waiting");
    announce("The failure is being triaged again.");
    try {
      await post(`${path}/retriage`, {});
      const newer = await poll(path, finding.triagedAt, stop.current.signal);
      if (stop.current.signal.aborted) return;
      if (newer) {
        keep(cacheKey, newer);
        done();
      }
      const result = newer ? `Triaged again. ${changes(finding, newer)}` : LATE;
      setNote(result);
      announce(result);
    } catch (reason) {
      if (stop.current.signal.aborted) return;
      setError(errorOf(reason));
    }
    set("idle");
  };
  if (!mayWrite) return <ReadOnly />;
  return (
    <div class="do">
      <button type="button" class="primary" disabled={state === "waiting"} onClick={() => set("asking")}>
        {state === "waiting" ? "Triaging…" : "Triage again"}
      </button>
      {note && <p class="muted">{note}</p>}
      {error && <Problem error={error} what="the result" />}
      {state === "asking" && (
        <Confirm
          title="Triage this failure again?"
          yes="Triage again"
          onYes={() => void start()}
          onNo={() => set((now) => (now === "asking" ? "idle" : now))}
        >
          All evidence is read again from Microsoft Graph, and the result replaces this finding. Nothing in the tenant
          changes.
        </Confirm>
      )}
    </div>
  );
}

/** What is different in a newer finding of the same failure. */
function changes(older: Finding, newer: Finding): string {
  const seen = (finding: Finding) => ({
    cause: finding.cause,
    confidence: finding.confidence,
    severity: finding.severity,
    reach: finding.exposed,
    location: JSON.stringify({ ...finding.message, lookedAt: null }),
    "what to do": JSON.stringify(finding.actions),
  });
  const before: Record<string, unknown> = seen(older);
  const changed = Object.entries(seen(newer)).flatMap(([name, value]) => (value === before[name] ? [] : [name]));
  return changed.length ? `Changed: ${changed.join(", ")}.` : "Nothing changed.";
}

/** The finding after it was triaged later than `before`; null if that took too long. */
async function poll(path: string, before: string, signal: AbortSignal): Promise<Finding | null> {
  const end = Date.now() + POLL_FOR_MS;
  while (Date.now() < end && !signal.aborted) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    if (signal.aborted) return null;
    try {
      const found = await get<Finding>(path, undefined, signal);
      if (found.triagedAt > before) return found;
    } catch (reason) {
      // One failed request does not end the wait. A key that is no longer valid does.
      if (!(reason instanceof ApiError) || reason.status === 401 || reason.status === 403) throw reason;
    }
  }
  return null;
}
