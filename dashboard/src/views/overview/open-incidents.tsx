import { get } from "../../api";
import { useLoad } from "../../load";
import { Empty } from "../../parts";
import { Link, to } from "../../router";
import { Shown } from "../../shown";
import { count } from "../../text";
import type { Incident, Page } from "../../wire";
import { TO_WORK_ON } from "../incidents";
import { IncidentTable } from "../incidents/table";

const SHOWN = 8;

/** Reads the incidents that the overview shows. */
export function useIncidents(every: number) {
  const query = to(null, { state: TO_WORK_ON, top: String(SHOWN) });
  return useLoad(`incidents first ${query}`, (signal) => get<Page<Incident>>("incidents", query, signal), { every });
}

/** The worst incidents to work on. */
export function OpenIncidents({ incidents, open }: { incidents: ReturnType<typeof useIncidents>; open?: number }) {
  return (
    <Shown of={incidents} what="the incidents">
      {({ value, nextLink }) =>
        value.length ? (
          <>
            <IncidentTable incidents={value} within={new URLSearchParams()} />
            <p class="more">
              <Link to={to("incidents")}>
                {nextLink ? `Show all${open ? ` ${count(open, "incident")}` : ""}` : "Show the list of incidents"}
              </Link>
            </p>
          </>
        ) : (
          <Empty title="Nothing to work on">
            <Link to={to("incidents", { state: "resolved,suppressed" })}>Show resolved and suppressed incidents</Link>
          </Empty>
        )
      }
    </Shown>
  );
}
