import { FilterForm, labeled, Several, TenantChoice, TIMES, TimeChoice } from "../filters";
import { useListKeys } from "../keys";
import { ListNote } from "../list-note";
import { Listed, More, usePages } from "../paging";
import { Empty, Heading } from "../parts";
import { bounds } from "../period";
import { Link, to } from "../router";
import { type Incident, INCIDENT_STATE_VALUES, SCOPE_VALUES, SEVERITY_VALUES } from "../wire";
import { IncidentTable } from "./incidents/table";

const FILTERS = ["state", "scope", "severity", "cause", "tenantId"];
/** What is listed if no state is chosen. */
export const TO_WORK_ON = "open,acknowledged";

/** What is to be fixed or decided, the worst first. */
export function IncidentsView({ parameters }: { parameters: URLSearchParams }) {
  const view = "incidents";
  const query = () => asked(parameters);
  const key = `incidents ${[...FILTERS, ...TIMES].map((name) => parameters.get(name) ?? "").join(" ")}`;
  const incidents = usePages(view, key, query, "incident", (incident: Incident) => incident);
  const { invalid } = incidents;
  const filtered = [...FILTERS, ...TIMES].some((name) => parameters.has(name));
  const of = (name: string, label: string) => ({ view, name, label, value: parameters.get(name) ?? "" });
  useListKeys(incidents.list, incidents.reload);
  return (
    <>
      <Heading
        tab="Incidents"
        lead="What is to be fixed or decided, however many failures it made. The worst comes first."
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

/** The parameters of the request for the first page. */
function asked(parameters: URLSearchParams): URLSearchParams {
  const filters = Object.fromEntries(FILTERS.map((name) => [name, parameters.get(name)]));
  return to(null, { ...filters, state: filters["state"] ?? TO_WORK_ON, ...bounds(parameters, "all"), top: "100" });
}
