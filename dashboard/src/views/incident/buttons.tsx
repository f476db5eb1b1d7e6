import { useState } from "preact/hooks";
import { type ApiError, mayWrite, post } from "../../api";
import { announce } from "../../live";
import { errorOf, keep } from "../../load";
import { ReadOnly } from "../../parts";
import { count, words } from "../../text";
import type { Incident, IncidentState, Queued } from "../../wire";
import { type Answers, Ask, Refused } from "./ask";

interface Action {
  label: string;
  /** The states in which it can be used. */
  states: IncidentState[];
  title: string;
  text: string;
  fields: ("reason" | "why" | "until" | "note")[];
}

const UNRESOLVED: IncidentState[] = ["open", "acknowledged", "suppressed"];

const ACTIONS: Record<string, Action> = {
  acknowledge: {
    label: "Acknowledge",
    states: ["open"],
    title: "Acknowledge this incident?",
    text: "Others see that somebody is working on it.",
    fields: ["note"],
  },
  resolve: {
    label: "Resolve",
    states: UNRESOLVED,
    title: "Resolve this incident?",
    text: "Its open findings are resolved with it. A new failure, or a look that finds a message in reach, reopens it.",
    fields: ["reason", "note"],
  },
  suppress: {
    label: "Suppress",
    states: UNRESOLVED,
    title: "Suppress this incident?",
    text: "It continues to count, but nobody is notified of it until the date that you set.",
    fields: ["why", "until"],
  },
  reopen: {
    label: "Reopen",
    states: ["acknowledged", "suppressed", "resolved"],
    title: "Reopen this incident?",
    text: "It goes back to the incidents to work on.",
    fields: ["note"],
  },
};

interface ButtonsProps {
  incident: Incident;
  path: string;
  cacheKey: string;
  done: () => void;
}

/** What can be done with an incident in its state. */
export function Buttons({ incident, path, cacheKey, done }: ButtonsProps) {
  const [asking, ask] = useState<string | null>(null);
  const [running, run] = useState(false);
  const [note, setNote] = useState("");
  const [error, setError] = useState<ApiError>();

  const act = async (name: string, answers: Answers) => {
    const changed = await post<Incident>(`${path}/${name}`, answers);
    keep(cacheKey, changed);
    announce(`The incident is ${words(changed.state).toLowerCase()}.`);
    setNote("");
    done();
  };
  const recheck = async () => {
    run(true);
    setError(undefined);
    try {
      const { queued } = await post<Queued>(`${path}/recheck`, {});
      const note = `${count(queued, "open finding")} will be looked at again now. The numbers update by themselves.`;
      setNote(note);
      announce(note);
    } catch (reason) {
      setError(errorOf(reason));
    } finally {
      run(false);
    }
  };
  if (!mayWrite) return <ReadOnly />;
  const action = asking ? ACTIONS[asking] : undefined;
  return (
    <div class="do">
      <div class="buttons-row">
        {incident.openFindings > 0 && (
          <button type="button" class="primary" disabled={running} onClick={() => void recheck()}>
            Recheck
          </button>
        )}
        {Object.entries(ACTIONS).map(
          ([name, { label, states }]) =>
            states.includes(incident.state) && (
              <button key={name} type="button" onClick={() => ask(name)}>
                {label}
              </button>
            ),
        )}
      </div>
      {note && <p class="muted">{note}</p>}
      {error && <Refused error={error} />}
      {asking && action && (
        <Ask
          title={action.title}
          text={action.text}
          fields={action.fields}
          yes={action.label}
          act={(answers) => act(asking, answers)}
          close={() => ask(null)}
        />
      )}
    </div>
  );
}
