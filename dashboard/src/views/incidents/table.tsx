import { SeverityMark, WorkMark } from "../../marks";
import { Link } from "../../router";
import { opens, Table } from "../../table";
import { TenantName, useSeveralTenants } from "../../tenants";
import { number, Time, Untrusted } from "../../text";
import type { Incident } from "../../wire";

const COLUMNS = {
  severity: "Severity",
  incident: "Incident",
  findings: "Findings",
  mailboxes: "Mailboxes",
  exposed: "In reach",
  read: "Read",
  since: "Since",
  last: "Last seen",
  next: "First step",
};

interface TableProps {
  incidents: Incident[];
  list?: { current: HTMLElement | null };
  /** The filters of the list, for the way back. */
  within: URLSearchParams;
}

/** One row for each incident: what is wrong, where, how many, since when, and what to do first. */
export function IncidentTable({ incidents, list, within }: TableProps) {
  const several = useSeveralTenants(within);
  return (
    <Table class="list incidents" caption="Incidents" columns={COLUMNS} column="col-i" list={list}>
      {incidents.map((incident) => (
        <Row key={incident.id} incident={incident} several={several} within={within} />
      ))}
    </Table>
  );
}

function Row({ incident, several, within }: { incident: Incident; several: boolean; within: URLSearchParams }) {
  const target = new URLSearchParams(within);
  target.set("view", "incidents");
  target.set("incident", incident.id);
  return (
    <tr role="row" class={incident.exposed > 0 ? "exposed" : undefined} onClick={opens(target)}>
      <td role="cell" data-label={COLUMNS.severity}>
        <SeverityMark severity={incident.severity} />
      </td>
      <th role="rowheader" scope="row" data-label={COLUMNS.incident} class="break">
        <span>
          <Link to={target}>
            <Untrusted text={incident.title} />
          </Link>
          <small class="block">
            {several && <TenantName id={incident.tenantId} />}
            {several && incident.state !== "open" && " · "}
            {incident.state !== "open" && <WorkMark state={incident.state} />}
          </small>
        </span>
      </th>
      <td role="cell" data-label={COLUMNS.findings}>
        <Of part={incident.openFindings} all={incident.findings} />
      </td>
      <td role="cell" data-label={COLUMNS.mailboxes}>
        {incident.mailboxesEstimated ? "about " : ""}
        {number(incident.mailboxes)}
      </td>
      <td role="cell" data-label={COLUMNS.exposed}>
        {incident.exposed > 0 ? <strong class="bad">{number(incident.exposed)}</strong> : <span class="muted">0</span>}
      </td>
      <td role="cell" data-label={COLUMNS.read}>
        {incident.read > 0 ? <strong class="bad">{number(incident.read)}</strong> : <span class="muted">0</span>}
      </td>
      <td role="cell" data-label={COLUMNS.since}>
        <Time at={incident.openedAt ?? incident.firstSeen} relative />
      </td>
      <td role="cell" data-label={COLUMNS.last}>
        <Time at={incident.lastSeen} relative />
      </td>
      <td role="cell" data-label={COLUMNS.next} class="break">
        {incident.actions?.[0] ? <Untrusted text={incident.actions[0].title} /> : <span class="muted">none</span>}
      </td>
    </tr>
  );
}

/** How many of the findings are open. */
function Of({ part, all }: { part: number; all: number }) {
  return (
    <span>
      {number(part)}
      {part !== all && <small class="muted"> of {number(all)}</small>}
    </span>
  );
}
