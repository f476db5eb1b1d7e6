import { counted } from "../counts";
import { FilterForm, labeled, Several, TenantChoice, TIMES } from "../filters";
import { useListKeys } from "../keys";
import { ListNote } from "../list-note";
import { Listed, More, usePages } from "../paging";
import { Empty, Heading } from "../parts";
import { Link, to } from "../router";
import { TimeChoice } from "../time-choice";
import { type Incident, INCIDENT_STATE_VALUES, SCOPE_VALUES, SEVERITY_VALUES } from "../wire";
import { asked, FILTERS, listKey, TO_WORK_ON } from "./incidents/lists";
import { IncidentTable } from "./incidents/table";

/** What is to be fixed or decided, the worst first. */
export function IncidentsView({ parameters }: { parameters: URLSearchParams }) {
  const view = "incidents";
  const query = () => asked(parameters);
  const incidents = usePages(view, listKey(parameters), query, "incident", (incident: Incident) => incident);
  const { invalid } = incidents;
  const filtered = [...FILTERS, ...TIMES].some((name) => parameters.has(name));
  const of = (name: "state" | "severity" | "scope", label: string) => {
    const value = parameters.get(name) ?? "";
    const chosen = name === "state" ? value || TO_WORK_ON : value;
    return { view, name, label, value, counts: counted(incidents, chosen, (incident) => incident[name]) };
  };
  useListKeys(incidents.list, incidents.reload);
  return (
    <>
      <Heading
        tab="Incidents"
        lead="One row for each thing to fix or decide, the worst first. “In reach” and “Read” count findings, and a message can have several."
      >
        Incidents
      </Heading>
      <FilterForm view={view} what={view} filtered={filtered} error={invalid}>
        <Several {...of("state", "State")} options={labeled(INCIDENT_STATE_VALUES)} none="To work on" />
        <TenantChoice view={view} value={parameters.get("tenantId") ?? ""} />
        <Several {...of("severity", "Severity")} options={labeled(SEVERITY_VALUES)} />
        <Several {...of("scope", "About")} options={SCOPE_VALUES.map((scope) => [scope, SCOPES[scope]])} />
        <TimeChoice view={view} parameters={parameters} />
      </FilterForm>
      <Listed of={incidents} what="the incidents">
        {({ rows }) => (
          <>
            <ListNote of={incidents} path={view} query={query} what="incident" file={view} id={({ id }) => id} />
            {rows.length ? (
              <IncidentTable incidents={rows} list={incidents.list} within={parameters} />
            ) : (
              <Empty title={filtered ? "No incidents match these filters" : "Nothing to work on"}>
                {filtered ? (
                  <Link to={to(view)}>Clear filters</Link>
                ) : (
                  <Link to={to(view, { state: "resolved,suppressed" })}>Show resolved and suppressed incidents</Link>
                )}
              </Empty>
            )}
            <More of={incidents} what="incidents" />
          </>
        )}
      </Listed>
    </>
  );
}

const SCOPES = {
  app: "The app",
  domain: "A domain",
  mailbox: "A mailbox",
  message: "A message",
  evidence: "Missing evidence",
};
