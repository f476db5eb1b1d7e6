import { useRef } from "preact/hooks";
import { useListKeys } from "../keys";
import { StateMark } from "../marks";
import { Heading } from "../parts";
import { Link } from "../router";
import { NoScan, Progress, ScanNow, scanPage, useScans } from "../scans";
import { Shown } from "../shown";
import { opens, Table } from "../table";
import { TenantName, useTenants } from "../tenants";
import { number, Time } from "../text";
import { Updated } from "../updated";
import type { CoverageScan } from "../wire";

/** The newest scan of each tenant: the one with the most mailboxes that could not be remediated first. */
export function CoverageView() {
  const scans = useScans();
  const list = useRef<HTMLElement>(null);
  useListKeys(list, scans.reload);
  return (
    <>
      <Heading
        tab="Coverage"
        lead="The mailboxes in which a remediation would fail today."
        aside={
          <>
            <Updated loads={[scans]} reload={scans.reload} />
            <ScanNow done={() => scans.reload()} />
          </>
        }
      >
        Coverage
      </Heading>
      <Shown of={scans} what="the newest scans">
        {({ value }) =>
          value.length ? (
            <ScanTable scans={value.toSorted((a, b) => b.uncovered - a.uncovered)} list={list} />
          ) : (
            <NoScan />
          )
        }
      </Shown>
    </>
  );
}

const COLUMNS = {
  tenant: "Tenant",
  state: "Scan",
  uncovered: "Not covered",
  mailboxes: "Mailboxes",
  unknown: "Could not be read",
  changes: "Changes",
  at: "Started",
};

/** One row for each tenant; those that were never scanned come last. */
function ScanTable({ scans, list }: { scans: CoverageScan[]; list: { current: HTMLElement | null } }) {
  const scanned = new Set(scans.map(({ tenantId }) => tenantId));
  const others = useTenants().filter(({ tenantId }) => !scanned.has(tenantId));
  return (
    <>
      <Table class="list scans" caption="Scans" columns={COLUMNS} list={list}>
        {scans.map((scan) => (
          <Row key={scan.id} scan={scan} />
        ))}
      </Table>
      {others.length > 0 && (
        <p class="more muted">
          Not scanned yet: {others.map((tenant) => tenant.name).join(", ")}. A scan runs on the schedule
          COVERAGE_SCHEDULE, or now.
        </p>
      )}
    </>
  );
}

function Row({ scan }: { scan: CoverageScan }) {
  const target = scanPage(scan);
  return (
    <tr role="row" onClick={opens(target)}>
      <th role="rowheader" scope="row" data-label={COLUMNS.tenant} class="break">
        <Link to={target}>
          <TenantName id={scan.tenantId} />
        </Link>
      </th>
      <td role="cell" data-label={COLUMNS.state}>
        {scan.state === "running" ? <Progress scan={scan} /> : <StateMark state={scan.state} />}
      </td>
      <td role="cell" data-label={COLUMNS.uncovered}>
        {scan.uncovered > 0 ? <strong class="bad">{number(scan.uncovered)}</strong> : <span class="muted">0</span>}
      </td>
      <td role="cell" data-label={COLUMNS.mailboxes}>
        {number(scan.mailboxes)}
      </td>
      <td role="cell" data-label={COLUMNS.unknown}>
        {scan.unknown > 0 ? number(scan.unknown) : <span class="muted">0</span>}
      </td>
      <td role="cell" data-label={COLUMNS.changes}>
        <Changes scan={scan} />
      </td>
      <td role="cell" data-label={COLUMNS.at}>
        <Time at={scan.startedAt} relative />
      </td>
    </tr>
  );
}

function Changes({ scan: { changes } }: { scan: CoverageScan }) {
  if (!changes) return <span class="muted">–</span>;
  if (!changes.newlyUncovered && !changes.recovered) return <span class="muted">none</span>;
  return (
    <span>
      {number(changes.newlyUncovered)} new, {number(changes.recovered)} recovered
    </span>
  );
}
