import { type Counts, counted, numbers } from "../../counts";
import { Field, FilterForm, labeled, type Option, refused, setFilters, Several, TenantChoice } from "../../filters";
import { REACH } from "../../marks";
import type { Paged } from "../../paging";
import { useTenants } from "../../tenants";
import { title } from "../../text";
import { TimeChoice } from "../../time-choice";
import { CONFIDENCE_VALUES, FINDING_STATE_VALUES, SCENARIO_VALUES, SEVERITY_VALUES, type Summary } from "../../wire";
import { search } from "./search";
import type { Row } from "./table";

const SEVERAL = ["state", "exposed", "isRead", "severity", "cause", "scenario", "confidence"] as const;
type Name = (typeof SEVERAL)[number];
export const FILTERS = [...SEVERAL, "mailbox", "internetMessageId", "tenantId", "incidentId"];
export const READ: Option[] = [
  ["true", "Read"],
  ["false", "Unread"],
  ["null", "Unknown"],
];

interface FiltersProps {
  parameters: URLSearchParams;
  /** The numbers of all findings of the tenant and the time. */
  summary: Summary | undefined;
  findings: Paged<Row>;
  filtered: boolean;
}

/** The filters of the findings. */
export function Filters({ parameters, summary, findings, filtered }: FiltersProps) {
  const tenants = useTenants();
  const view = "findings";
  const wrong = refused(findings, "mailbox") ?? refused(findings, "internetMessageId");
  const causes = labeled(Object.keys(summary?.byCause ?? {}), title).sort((a, b) => a[1].localeCompare(b[1]));
  const of = (name: Name, label: string) => {
    const value = parameters.get(name) ?? "";
    const listed = counted(findings, value, (row) => row[name]);
    const others = FILTERS.some((other) => other !== name && other !== "tenantId" && parameters.has(other));
    const all: Counts = others ? () => undefined : totals(name, summary);
    return { view, name, label, value, counts: (one: string) => listed(one) ?? all(one) };
  };
  return (
    <FilterForm view={view} what={view} filtered={filtered} error={wrong ? undefined : findings.invalid}>
      <Field
        name="mailbox"
        label="Search"
        value={parameters.get("mailbox") ?? parameters.get("internetMessageId") ?? ""}
        hint="Mailbox, domain, Message-ID, ID"
        wrong={wrong}
        search={(text) => void search(text, tenants)}
      />
      <TenantChoice view={view} value={parameters.get("tenantId") ?? ""} />
      <Several {...of("state", "State")} options={labeled(FINDING_STATE_VALUES)} />
      <Several {...of("exposed", "Reach")} options={Object.entries(REACH)} />
      <Several {...of("isRead", "Read")} options={READ} />
      <Several {...of("severity", "Severity")} options={labeled(SEVERITY_VALUES)} />
      <Several {...of("cause", "Cause")} options={causes} />
      <Several {...of("scenario", "Reported as")} options={labeled(SCENARIO_VALUES)} />
      <Several {...of("confidence", "Confidence")} options={labeled(CONFIDENCE_VALUES)} />
      <TimeChoice view={view} parameters={parameters} />
      {parameters.has("incidentId") && (
        <button type="button" class="set" onClick={() => setFilters(view, { incidentId: "" })}>
          One incident<span aria-hidden="true"> ×</span>
          <span class="visually-hidden">. Show the findings of all incidents</span>
        </button>
      )}
    </FilterForm>
  );
}

/** The numbers of a filter in the summary. It knows nothing of what was read, and counts what is suppressed as open. */
function totals(name: Name, summary: Summary | undefined): Counts {
  const known: Partial<Record<Name, Counts>> = {
    severity: numbers(summary?.bySeverity),
    cause: numbers(summary?.byCause),
    scenario: numbers(summary?.byScenario),
    confidence: numbers(summary?.byConfidence),
    exposed: (value) => (value === "true" ? summary?.exposed : undefined),
  };
  return known[name] ?? (() => undefined);
}

/** How many findings match, if the numbers of all findings say it. */
export function totalOf(parameters: URLSearchParams, summary: Summary | undefined): number | undefined {
  if (!summary) return undefined;
  const [name, another] = FILTERS.filter((one) => one !== "tenantId" && parameters.get(one));
  if (!name) return summary.total;
  if (another) return undefined;
  const counts = totals(name as Name, summary);
  return (parameters.get(name) ?? "")
    .split(",")
    .map(counts)
    .reduce((sum, one) => (sum === undefined || one === undefined ? undefined : sum + one), 0);
}
