// The time of a list: one that ends now, or from one moment to another.

import { setFilters } from "./filters";
import { DEFAULT_PERIOD, bounds, instant, PERIODS, periodOf } from "./period";

interface ChoiceProps {
  view: string;
  parameters: URLSearchParams;
}

/** The choice of the time. Without one, it is all time. */
export function TimeChoice({ view, parameters }: ChoiceProps) {
  const period = periodOf(parameters, "all");
  const choose = (chosen: string) => {
    const since = chosen === "custom" ? (bounds(parameters, DEFAULT_PERIOD).since ?? "") : "";
    setFilters(view, { since, until: "", period: chosen === "all" || chosen === "custom" ? "" : chosen });
  };
  return (
    <>
      <label>
        <span>Time</span>
        <select
          name="period"
          value={period}
          class={period === "all" ? undefined : "set"}
          onChange={(event) => choose(event.currentTarget.value)}
        >
          {Object.entries(PERIODS).map(([name, one]) => (
            <option key={name} value={name}>
              {name === "all" ? one.label : `Last ${one.label}`}
            </option>
          ))}
          <option value="custom">{period === "custom" ? customPeriod(parameters) : "From … to …"}</option>
        </select>
      </label>
      {period === "custom" && (
        <>
          <End view={view} name="since" label="From" value={parameters.get("since")} seconds="00" />
          <End view={view} name="until" label="To" value={parameters.get("until")} seconds="59.999999999" />
        </>
      )}
    </>
  );
}

interface EndProps {
  view: string;
  name: string;
  label: string;
  value: string | null;
  /** Where in the minute it is. */
  seconds: string;
}

/** One end of the time, in the time zone of the reader. */
function End({ view, name, label, value, seconds }: EndProps) {
  const at = Date.parse(value ?? "");
  const local = Number.isNaN(at) ? "" : instant(at - new Date(at).getTimezoneOffset() * 60_000).slice(0, 16);
  const set = (text: string) => {
    const chosen = Date.parse(text);
    setFilters(view, { [name]: Number.isNaN(chosen) ? "" : `${instant(chosen).slice(0, 17)}${seconds}Z` });
  };
  return (
    <label>
      <span>{label}</span>
      <input type="datetime-local" name={name} value={local} onChange={(event) => set(event.currentTarget.value)} />
    </label>
  );
}

function customPeriod(parameters: URLSearchParams): string {
  const text = (value: string | null) => (value ?? "").replace("T", " ").replace(/:\d\d(\.\d+)?Z$/, "");
  const since = text(parameters.get("since"));
  const until = text(parameters.get("until"));
  const day = since.slice(0, 10);
  if (since === `${day} 00:00` && until === `${day} 23:59`) return `${day} (UTC)`;
  if (since && until) return `${since} to ${until} (UTC)`;
  return since ? `Since ${since} (UTC)` : `Until ${until} (UTC)`;
}
