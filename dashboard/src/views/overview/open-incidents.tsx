import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { useListKeys } from "../../keys";
import type { Loaded } from "../../load";
import { Empty } from "../../parts";
import { Link, to } from "../../router";
import { Shown } from "../../shown";
import { count } from "../../text";
import type { Incident, Page, Summary } from "../../wire";
import { IncidentTable } from "../incidents/table";

interface OpenIncidentsProps {
  incidents: Loaded<Page<Incident>>;
  /** It has how many there are. */
  summary: Loaded<Summary>;
  /** The only tenant that they are of. */
  tenantId?: string;
  children?: ComponentChildren;
}

/** The panel of the worst incidents to work on. */
export function OpenIncidents({ incidents, summary, tenantId, children }: OpenIncidentsProps) {
  const open = summary.data?.openIncidents;
  const list = useRef<HTMLElement>(null);
  useListKeys(list);
  return (
    <section class="panel wide" aria-labelledby="incidents-title">
      <h2 id="incidents-title">
        Incidents to work on {open !== undefined && <span class="muted">{count(open, "incident")}</span>}
      </h2>
      <Shown of={incidents} what="the incidents">
        {({ value, nextLink }) =>
          value.length ? (
            <>
              <IncidentTable incidents={value} list={list} within={to(null, { tenantId })} />
              <p class="more">
                <Link to={to("incidents", { tenantId })}>
                  {nextLink ? `Show all${open ? ` ${count(open, "incident")}` : ""}` : "Show the list of incidents"}
                </Link>
              </p>
            </>
          ) : (
            <Empty title="Nothing to work on">
              <Link to={to("incidents", { state: "resolved,suppressed", tenantId })}>
                Show resolved and suppressed incidents
              </Link>
            </Empty>
          )
        }
      </Shown>
      {children}
    </section>
  );
}
