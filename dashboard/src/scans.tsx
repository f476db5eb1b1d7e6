// The coverage scans: what the overview, the page of a tenant and the views of scans share.

import { Act } from "./act";
import { get, post } from "./api";
import { kept, type Loaded, useLoad } from "./load";
import { Empty } from "./parts";
import { Link, to } from "./router";
import { count, number, Time, title } from "./text";
import type { CoverageScan, Page, StartedScan, StartedScans } from "./wire";

const EVERY_MS = 60_000;
export const RUNNING_EVERY_MS = 5000;

/** Reads the newest scan of each tenant: often while one runs. */
export function useScans(): Loaded<Page<CoverageScan>> {
  const key = "scans";
  const running = kept<Page<CoverageScan>>(key)?.value.some(({ state }) => state === "running");
  return useLoad(key, (signal) => get<Page<CoverageScan>>("coverage/latest", undefined, signal), {
    every: running ? RUNNING_EVERY_MS : EVERY_MS,
  });
}

interface ScanNowProps {
  tenantId?: string;
  minor?: boolean;
  done: (started: StartedScan[]) => void;
}

/** The button that scans one tenant, or all tenants. */
export function ScanNow({ tenantId, minor = false, done }: ScanNowProps) {
  const act = async () => {
    const { value } = await post<StartedScans>("coverage", tenantId ? { tenantId } : {});
    done(value);
    return `${count(value.length, "scan")} started.`;
  };
  const ask = {
    title: tenantId ? "Scan this tenant now?" : "Scan all tenants now?",
    text: "Each user is read from Microsoft Graph, and each mailbox is asked once. Failures that arrive meanwhile come first. Nothing in the tenant changes.",
  };
  return <Act label="Scan now" busy="Starting…" ask={ask} act={act} what="the scan" minor={minor} />;
}

/** How far a scan is. */
export function Progress({ scan }: { scan: CoverageScan }) {
  const percent = Math.floor(scan.progress * 100);
  return (
    <span class="progress">
      <progress max={1} value={scan.progress} aria-label="Progress of the scan" /> {percent}%
    </span>
  );
}

/** The address of a scan. */
export function scanPage(scan: CoverageScan, filters: Record<string, string> = {}): URLSearchParams {
  return to("coverage", { scan: scan.id, ...filters });
}

const CAUSES = 3;

/** The numbers of scans in a few lines: of one, or of all together. */
function ScanNumbers({ scans, all }: { scans: CoverageScan[]; all: URLSearchParams }) {
  const sum = (of: (scan: CoverageScan) => number) => scans.reduce((total, scan) => total + of(scan), 0);
  const [uncovered, mailboxes, unknown] = [sum((s) => s.uncovered), sum((s) => s.mailboxes), sum((s) => s.unknown)];
  const newly = sum((scan) => scan.changes?.newlyUncovered ?? 0);
  const recovered = sum((scan) => scan.changes?.recovered ?? 0);
  const causes = new Map<string, number>();
  for (const { byCause } of scans) {
    for (const [cause, value] of Object.entries(byCause)) causes.set(cause, (causes.get(cause) ?? 0) + value);
  }
  const most = [...causes].sort((a, b) => b[1] - a[1]);
  return (
    <>
      <p class="figure-line">
        <Link to={all} class={uncovered ? "scan-figure" : "scan-figure none"}>
          {number(uncovered)}
        </Link>
        <span>
          of {count(mailboxes, "mailbox", "mailboxes")} could not be remediated today
          {unknown > 0 && `; ${number(unknown)} could not be read`}
        </span>
      </p>
      {most.length > 0 && (
        <ul class="plain tight">
          {most.slice(0, CAUSES).map(([cause, value]) => (
            <li key={cause}>
              {number(value)} <span class="muted">{title(cause)}</span>
            </li>
          ))}
          {most.length > CAUSES && <li class="muted">and {count(most.length - CAUSES, "other cause")}</li>}
        </ul>
      )}
      {(newly > 0 || recovered > 0) && (
        <p class="muted">
          Since the previous scan: {number(newly)} more, {number(recovered)} recovered.
        </p>
      )}
    </>
  );
}

/** What is shown of scans outside of their own view. */
export function Coverage({ scans, all, what }: { scans: CoverageScan[]; all: URLSearchParams; what: string }) {
  const running = scans.filter(({ state }) => state === "running");
  const newest = scans
    .map(({ startedAt }) => startedAt)
    .sort()
    .at(-1);
  if (!newest) return <NoScan />;
  return (
    <>
      {scans.some(({ mailboxes }) => mailboxes > 0) && <ScanNumbers scans={scans} all={all} />}
      {running.length === 1 && running[0] && <Progress scan={running[0]} />}
      {running.length > 1 && <p class="muted">{count(running.length, "scan")} running.</p>}
      <p class="more">
        <Link to={all}>{what}</Link>{" "}
        <span class="muted">
          <Time at={newest} relative />
        </span>
      </p>
    </>
  );
}

export function NoScan() {
  return (
    <Empty title="Not scanned yet">
      A scan asks which mailboxes could not be remediated today, before a remediation fails. It runs on the schedule{" "}
      <code>COVERAGE_SCHEDULE</code>, unless that is <code>off</code> (docs/settings.md). You can also{" "}
      <Link to={to("coverage")}>start one</Link>.
    </Empty>
  );
}
