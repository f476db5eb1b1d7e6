import type { VNode } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { address, go, Link, to } from "../address";
import { type ApiError, get } from "../api";
import { announce } from "../live";
import { useLoad } from "../load";
import { ConfidenceMark, ReachMark, SeverityMark } from "../marks";
import { More, type Paged, type Pages, usePages } from "../pages";
import { bounds, PERIODS, periodOf } from "../period";
import { Empty, Heading, Problem, Shown } from "../parts";
import { number, Time, Untrusted, words, zone } from "../text";
import type { Confidence, Finding, Severity, Summary } from "../wire";

const PAGE = 100;
const SEVERITIES: Severity[] = ["critical", "high", "medium", "low", "info"];
const CONFIDENCES: Confidence[] = ["confirmed", "probable", "possible", "undetermined"];
const SCENARIOS = ["resource_not_found", "unknown_reason", "invalid_user", "mailbox_unavailable", "unclassified"];
const REACH: [string, string][] = [
  ["true", "In reach"],
  ["false", "Out of reach"],
  ["null", "Not known"],
];
const FILTERS = ["exposed", "severity", "cause", "scenario", "confidence", "mailbox", "tenantId"];
const TIMES = ["period", "since", "until"];

/** What a row of the table shows; the rest of a finding is not kept for thousands of them. */
type Row = Pick<Finding, "id" | "occurredAt" | "exposed" | "severity" | "confidence" | "cause" | "scenario"> & {
  mailbox: string;
  subject: string | null;
  location: string;
  folder: string | null;
};

export function FindingsView({ parameters }: { parameters: URLSearchParams }) {
  const query = queryOf(parameters);
  const key = `findings ${query}`;
  const findings = usePages("findings", key, () => withBounds(query, parameters), "finding", rowOf);
  const causes = useLoad("causes", (signal) => get<Summary>("summary", undefined, signal));
  const wrong = findings.error?.status === 400 ? findings.error : undefined;
  const filtered = FILTERS.some((name) => parameters.has(name)) || periodOf(parameters, "all") !== "all";

  return (
    <>
      <Heading
        lead={`One row for each failed remediation, newest first. Times are ${zone() === "UTC" ? "in UTC" : `yours, ${zone()}`}.`}
      >
        Findings
      </Heading>
      <Filters
        parameters={parameters}
        causes={Object.keys(causes.data?.byCause ?? {})}
        error={wrong}
        filtered={filtered}
      />
      {!wrong && (
        <Shown of={findings} what="the findings">
          {(pages) => <Table key={key} pages={pages} of={findings} filtered={filtered} />}
        </Shown>
      )}
    </>
  );
}

/** The filters of an address, in one spelling. */
function queryOf(parameters: URLSearchParams): string {
  const query = new URLSearchParams();
  for (const name of [...FILTERS, ...TIMES]) {
    const value = parameters.get(name);
    if (value) query.set(name, value);
  }
  return query.toString();
}

function withBounds(query: string, parameters: URLSearchParams): URLSearchParams {
  const asked = new URLSearchParams(query);
  for (const name of TIMES) asked.delete(name);
  const { since, until } = bounds(parameters, "all");
  if (since) asked.set("since", since);
  if (until) asked.set("until", until);
  asked.set("top", String(PAGE));
  return asked;
}

function rowOf(finding: Finding): Row {
  const { id, occurredAt, exposed, severity, confidence, cause, scenario, failure, message } = finding;
  const { mailbox, subject } = failure;
  const { location, folder } = message;
  return { id, occurredAt, exposed, severity, confidence, cause, scenario, mailbox, subject, location, folder };
}

function Filters({
  parameters,
  causes,
  error,
  filtered,
}: {
  parameters: URLSearchParams;
  causes: string[];
  error: ApiError | undefined;
  filtered: boolean;
}) {
  const set = (values: Record<string, string>) => {
    const next = address(); // not what was drawn last: two changes may come before the next drawing
    for (const [name, value] of Object.entries(values)) {
      if (value) next.set(name, value);
      else next.delete(name);
    }
    next.set("view", "findings");
    go(next);
  };
  const wrong = new Map(error?.fields.map((field) => [field.pointer, field.detail]));
  const value = (name: string) => parameters.get(name) ?? "";
  const period = periodOf(parameters, "all");
  const elsewhere = error && [...wrong.keys()].every((name) => !["mailbox", "tenantId"].includes(name));
  return (
    <search>
      <form class="filters" aria-label="Filter the findings" onSubmit={(event) => event.preventDefault()}>
        <Choice name="exposed" label="Reach" value={value("exposed")} options={REACH} set={set} />
        <Choice name="severity" label="Severity" value={value("severity")} options={named(SEVERITIES)} set={set} />
        <Choice name="cause" label="Cause" value={value("cause")} options={named([...causes].sort())} set={set} />
        <Choice name="scenario" label="Reported as" value={value("scenario")} options={named(SCENARIOS)} set={set} />
        <Choice
          name="confidence"
          label="Confidence"
          value={value("confidence")}
          options={named(CONFIDENCES)}
          set={set}
        />
        <Field name="mailbox" label="Mailbox" value={value("mailbox")} wrong={wrong.get("mailbox")} set={set} />
        <Field name="tenantId" label="Tenant id" value={value("tenantId")} wrong={wrong.get("tenantId")} set={set} />
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
                {name === "all" ? "All time" : `Last ${one.label}`}
              </option>
            ))}
            {period === "custom" && <option value="custom">{custom(parameters)}</option>}
          </select>
        </label>
        {filtered && (
          <button type="button" class="quiet" onClick={() => go(to("findings"))}>
            Clear filters
          </button>
        )}
      </form>
      {elsewhere && <Problem error={error} what="the findings" retry={() => go(to("findings"))} />}
    </search>
  );
}

function custom(parameters: URLSearchParams): string {
  const text = (value: string | null) => (value ?? "").replace("T", " ").replace(/:\d\d(\.\d+)?Z$/, "");
  const since = text(parameters.get("since"));
  const until = text(parameters.get("until"));
  const day = since.slice(0, 10);
  if (since === `${day} 00:00` && until === `${day} 23:59`) return `${day} (UTC)`;
  if (since && until) return `${since} to ${until} (UTC)`;
  return since ? `Since ${since} (UTC)` : `Until ${until} (UTC)`;
}

function named(values: string[]): [string, string][] {
  return values.map((value) => [value, words(value)]);
}

interface FieldProps {
  name: string;
  label: string;
  value: string;
  set: (values: Record<string, string>) => void;
}

function Choice({ name, label, value, options, set }: FieldProps & { options: [string, string][] }) {
  const there = !value || options.some(([option]) => option === value);
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
        {!there && <option value={value}>{words(value)}</option>}
      </select>
    </label>
  );
}

function Field({ name, label, value, wrong, set }: FieldProps & { wrong: string | undefined }) {
  const input = useRef<HTMLInputElement>(null);
  // Only a new address sets the text. As a prop, every redraw would, and would lose what is being typed.
  useLayoutEffect(() => {
    if (input.current) input.current.value = value;
  }, [value]);
  const id = `filter-${name}`;
  const said = `${id}-wrong`;
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
        aria-describedby={wrong ? said : undefined}
        onChange={(event) => set({ [name]: event.currentTarget.value.trim() })}
      />
      {wrong && (
        <p id={said} class="field-error" role="alert">
          {label} {wrong}.
        </p>
      )}
    </div>
  );
}

function Table({ pages, of, filtered }: { pages: Pages<Row>; of: Paged<Row>; filtered: boolean }) {
  const { rows, next } = pages;
  // A row that is there is not drawn again when more are read: there may be thousands.
  const drawn = useRef(new WeakMap<Row, VNode>());
  const draw = (row: Row): VNode => {
    const node = drawn.current.get(row) ?? <FindingRow key={row.id} row={row} />;
    drawn.current.set(row, node);
    return node;
  };
  useEffect(
    () => announce(rows.length ? `${number(rows.length)}${next ? " or more" : ""} findings.` : "No findings."),
    [],
  );

  if (!rows.length) {
    return filtered ? (
      <Empty title="No finding fits these filters">
        <Link to={to("findings")}>Clear the filters</Link>
      </Empty>
    ) : (
      <Empty title="No findings yet">
        Failures come in by <code>POST /api/failures</code> or on the intake queue; a finding is here some seconds
        later.
      </Empty>
    );
  }
  return (
    <>
      <p class="table-note">
        <span class="muted">
          {next ? `The newest ${number(rows.length)} are shown.` : `${number(rows.length)} in all.`}
        </span>
        <button type="button" class="quiet" disabled={of.loading} onClick={of.reload}>
          Refresh
        </button>
      </p>
      <table class="findings" role="table">
        <caption class="visually-hidden">Findings</caption>
        <thead role="rowgroup">
          <tr role="row">
            {["Time", "Reach", "Severity", "Mailbox", "Cause", "Where", "Subject"].map((label) => (
              <th key={label} scope="col" role="columnheader" class={`col-${label.toLowerCase()}`}>
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={of.list as { current: HTMLTableSectionElement | null }} role="rowgroup">
          {rows.map(draw)}
        </tbody>
      </table>
      <More of={of} what="findings" />
    </>
  );
}

function FindingRow({ row }: { row: Row }) {
  const target = address();
  target.set("view", "findings");
  target.set("finding", row.id);
  return (
    <tr role="row" class={row.exposed ? "exposed" : undefined}>
      <td role="cell" class="nowrap" data-label="Time">
        <Time at={row.occurredAt} />
      </td>
      <td role="cell" data-label="Reach">
        <ReachMark exposed={row.exposed} />
      </td>
      <td role="cell" data-label="Severity">
        <SeverityMark severity={row.severity} />
      </td>
      <td role="cell" data-label="Mailbox" class="break">
        <Untrusted text={row.mailbox} />
      </td>
      <th role="rowheader" scope="row" data-label="Cause">
        <Link to={target}>{words(row.cause)}</Link> <ConfidenceMark confidence={row.confidence} />
      </th>
      <td role="cell" data-label="Where" class="break">
        {row.folder && row.location === "other_folder" ? <Untrusted text={row.folder} /> : words(row.location)}
      </td>
      <td role="cell" data-label="Subject" class="subject">
        {row.subject ? <Untrusted text={row.subject} /> : <span class="muted">none</span>}
      </td>
    </tr>
  );
}
