import type { ApiError } from "../../api";
import { Field, FilterForm, labeled, type Option, setFilters, Several, TenantChoice, TimeChoice } from "../../filters";
import { REACH } from "../../marks";
import { useTenants } from "../../tenants";
import { title } from "../../text";
import {
  CONFIDENCE_VALUES,
  FINDING_STATE_VALUES,
  SCENARIO_VALUES,
  SEVERITY_VALUES,
  type Summary,
  type TenantState,
} from "../../wire";

const SEVERAL = ["state", "exposed", "isRead", "severity", "cause", "scenario", "confidence"];
export const FILTERS = [...SEVERAL, "mailbox", "tenantId", "incidentId"];
export const READ: Option[] = [
  ["true", "Read"],
  ["false", "Unread"],
  ["null", "Unknown"],
];

interface FiltersProps {
  parameters: URLSearchParams;
  /** The numbers of all findings. */
  summary: Summary | undefined;
  /** The 400 of the last request. */
  error: ApiError | undefined;
  /** What is wrong with the mailbox. */
  wrong: string | undefined;
  filtered: boolean;
}

/** The filters of the findings. */
export function Filters({ parameters, summary, error, wrong, filtered }: FiltersProps) {
  const tenants = useTenants();
  const view = "findings";
  const of = (name: string, label: string) => ({ view, name, label, value: parameters.get(name) ?? "" });
  const causes = labeled(Object.keys(summary?.byCause ?? {}), title).sort((a, b) => a[1].localeCompare(b[1]));
  return (
    <FilterForm view={view} what={view} filtered={filtered} error={wrong ? undefined : error}>
      <Field
        {...of("mailbox", "Mailbox or domain")}
        hint="Any"
        wrong={wrong}
        read={(text) => mailboxFilter(text, tenants)}
      />
      <TenantChoice view={view} value={parameters.get("tenantId") ?? ""} />
      <Several {...of("state", "State")} options={labeled(FINDING_STATE_VALUES)} />
      <Several {...of("exposed", "Reach")} options={Object.entries(REACH)} />
      <Several {...of("isRead", "Read")} options={READ} />
      <Several {...of("severity", "Severity")} options={labeled(SEVERITY_VALUES)} counts={summary?.bySeverity} />
      <Several {...of("cause", "Cause")} options={causes} counts={summary?.byCause} />
      <Several {...of("scenario", "Reported as")} options={labeled(SCENARIO_VALUES)} counts={summary?.byScenario} />
      <Several
        {...of("confidence", "Confidence")}
        options={labeled(CONFIDENCE_VALUES)}
        counts={summary?.byConfidence}
      />
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

/** What is asked for when a reader types an address, a domain, or how an address begins. */
function mailboxFilter(text: string, tenants: TenantState[]): string {
  const domain = text.replace(/^\*?@/, "");
  if (domain !== text || tenants.some(({ domains }) => domains.includes(text.toLowerCase()))) return `*@${domain}`;
  return !text || /[@*\s]/.test(text) ? text : `${text}*`;
}

/** How many findings match, if the numbers of all findings say it. */
export function totalOf(parameters: URLSearchParams, summary: Summary | undefined): number | undefined {
  if (!summary) return undefined;
  const set = FILTERS.filter((name) => name !== "tenantId" && parameters.get(name));
  const [name, another] = set;
  if (!name) return summary.total;
  const value = parameters.get(name) ?? "";
  if (another) return undefined;
  if (name === "exposed" && value === "true") return summary.exposed;
  const counts = {
    severity: summary.bySeverity,
    cause: summary.byCause,
    scenario: summary.byScenario,
    confidence: summary.byConfidence,
  }[name];
  return counts && value.split(",").reduce((sum, one) => sum + (counts[one] ?? 0), 0);
}
