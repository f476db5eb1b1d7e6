import { useLayoutEffect, useRef } from "preact/hooks";
import type { ApiError } from "../../api";
import { REACH } from "../../marks";
import { PERIODS, periodOf } from "../../period";
import { currentParameters, go, to } from "../../router";
import { Problem } from "../../shown";
import { title, words } from "../../text";
import { CONFIDENCE_VALUES, SCENARIO_VALUES, SEVERITY_VALUES } from "../../wire";

export const FILTERS = ["exposed", "severity", "cause", "scenario", "confidence", "mailbox", "tenantId"];
const FIELDS = ["mailbox", "tenantId"];

interface FiltersProps {
  parameters: URLSearchParams;
  /** The causes that occur. */
  causes: string[];
  /** The 400 of the last request. */
  error: ApiError | undefined;
  /** Whether any filter is set. */
  filtered: boolean;
}

/** The filters. They are part of the URL. */
export function Filters({ parameters, causes, error, filtered }: FiltersProps) {
  const set = (values: Record<string, string>) => {
    const next = currentParameters(); // not `parameters`: two changes can come before the next redraw
    for (const [name, value] of Object.entries(values)) {
      if (value) next.set(name, value);
      else next.delete(name);
    }
    next.set("view", "findings");
    go(next);
  };
  const clear = () => go(to("findings"));
  const wrong = new Map(error?.fields.map((field) => [field.pointer, field.detail]));
  const field = (name: string, label: string) => ({ name, label, value: parameters.get(name) ?? "", set });
  const period = periodOf(parameters, "all");
  return (
    <search>
      <form class="filters" aria-label="Filter the findings" onSubmit={(event) => event.preventDefault()}>
        <Choice {...field("exposed", "Reach")} options={Object.entries(REACH)} />
        <Choice {...field("severity", "Severity")} options={labeled(SEVERITY_VALUES, words)} />
        <Choice {...field("cause", "Cause")} options={labeled(causes, title).sort(byLabel)} />
        <Choice {...field("scenario", "Reported as")} options={labeled(SCENARIO_VALUES, words)} />
        <Choice {...field("confidence", "Confidence")} options={labeled(CONFIDENCE_VALUES, words)} />
        <Field {...field("mailbox", "Mailbox")} wrong={wrong.get("mailbox")} />
        <Field {...field("tenantId", "Tenant ID")} wrong={wrong.get("tenantId")} />
        <label>
          <span>Time</span>
          <select
            name="period"
            value={period}
            onChange={(event) => {
              const chosen = event.currentTarget.value;
              set({ since: "", until: "", period: chosen === "all" ? "" : chosen });
            }}
          >
            {Object.entries(PERIODS).map(([name, one]) => (
              <option key={name} value={name}>
                {name === "all" ? one.label : `Last ${one.label}`}
              </option>
            ))}
            {period === "custom" && <option value="custom">{customPeriod(parameters)}</option>}
          </select>
        </label>
        {filtered && (
          <button type="button" class="quiet" onClick={clear}>
            Clear filters
          </button>
        )}
      </form>
      {error && ![...wrong.keys()].some((name) => FIELDS.includes(name)) && (
        <Problem error={error} what="the findings" retry={clear} label="Show all findings" />
      )}
    </search>
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

type Option = [value: string, label: string];

function labeled(values: readonly string[], label: (value: string) => string): Option[] {
  return values.map((value) => [value, label(value)]);
}

function byLabel(a: Option, b: Option): number {
  return a[1].localeCompare(b[1]);
}

interface FieldProps {
  name: string;
  label: string;
  value: string;
  set: (values: Record<string, string>) => void;
}

function Choice({ name, label, value, options, set }: FieldProps & { options: Option[] }) {
  const listed = !value || options.some(([option]) => option === value);
  return (
    <label>
      <span>{label}</span>
      <select
        name={name}
        value={value}
        class={value ? "set" : undefined}
        onChange={(event) => set({ [name]: event.currentTarget.value })}
      >
        <option value="">Any</option>
        {options.map(([option, text]) => (
          <option key={option} value={option}>
            {text}
          </option>
        ))}
        {!listed && <option value={value}>{title(value)}</option>}
      </select>
    </label>
  );
}

function Field({ name, label, value, wrong, set }: FieldProps & { wrong: string | undefined }) {
  const input = useRef<HTMLInputElement>(null);
  // Only a new URL sets the text. As a prop, every redraw would, and would lose what is being typed.
  useLayoutEffect(() => {
    if (input.current) input.current.value = value;
  }, [value]);
  const id = `filter-${name}`;
  const wrongId = `${id}-wrong`;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        ref={input}
        name={name}
        type="search"
        class={value ? "set" : undefined}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        placeholder="Any"
        aria-invalid={wrong ? true : undefined}
        aria-describedby={wrong ? wrongId : undefined}
        onChange={(event) => set({ [name]: event.currentTarget.value.trim() })}
      />
      {wrong && (
        <p id={wrongId} class="field-error" role="alert">
          {label} {wrong}.
        </p>
      )}
    </div>
  );
}
