import { get } from "../api";
import { AuditNow } from "../audit-now";
import { useKeys } from "../keys";
import { OneFeed, useFeeds } from "../feeds";
import { type Loaded, useLoad } from "../load";
import { VerdictMark } from "../marks";
import { Empty, Heading } from "../parts";
import { MainIssue } from "../main-issue";
import { Link, to } from "../router";
import { Coverage, NoScan, ScanNow, scanPage, useScans } from "../scans";
import { Shown, ToldOnce } from "../shown";
import { TenantName, useTenantName, useTenantsLoad } from "../tenants";
import { count, list, TenantId, Untrusted, words } from "../text";
import { Updated } from "../updated";
import type { Audit, CoverageScan, Page, Summary, TenantState } from "../wire";
import { AuditTable } from "./audits";
import { useIncidents } from "./incidents/lists";
import { InReach, useExposures } from "./overview/in-reach";
import { OpenIncidents } from "./overview/open-incidents";

const EVERY_MS = 60_000;
const AUDITS = 4;

/** One tenant: what is in reach, what is to be done, and whether the machinery is healthy there. */
export function TenantView({ id }: { id: string }) {
  const name = useTenantName(id);
  const of = to(null, { tenantId: id });
  const tenants = useTenantsLoad();
  const summary = useLoad(`summary of ${of}`, (signal) => get<Summary>("summary", of, signal), { every: EVERY_MS });
  const exposures = useExposures(EVERY_MS, id);
  const incidents = useIncidents(EVERY_MS, id);
  const newest = to(null, { tenantId: id, top: String(AUDITS) });
  const audits = useLoad(`audits of ${newest}`, (signal) => get<Page<Audit>>("audits", newest, signal), {
    every: EVERY_MS,
  });
  const feeds = useFeeds();
  const scans = useScans();
  const loads: Loaded<unknown>[] = [summary, exposures, incidents, audits, feeds, scans];
  const reload = () => [...loads, tenants].forEach((load) => load?.reload());
  useKeys({ r: reload });
  const tenant = tenants?.data?.value.find(({ tenantId }) => tenantId === id);
  return (
    <ToldOnce of={loads}>
      <Heading tab={name} aside={<Updated loads={loads} reload={reload} />} lead={tenant && <About tenant={tenant} />}>
        <TenantName id={id} />
      </Heading>
      {tenants?.data && !tenant && (
        <div class="notice">
          <p>This tenant is not in TRIAGE_TENANTS. Failures that name it are stored, but nothing is read from it.</p>
        </div>
      )}
      <div class="grid-overview">
        <InReach summary={summary} exposures={exposures} tenantId={id} />
        <OpenIncidents incidents={incidents} summary={summary} tenantId={id}>
          <p class="more">
            <Link to={to("findings", { tenantId: id })}>
              {summary.data ? `Show all ${count(summary.data.total, "finding")}` : "Show all findings"}
            </Link>
          </p>
        </OpenIncidents>
        <section class="panel wide" aria-labelledby="audits-title">
          <div class="panel-head">
            <h2 id="audits-title">Email Threat Defense app</h2>
            <AuditNow tenantId={id} done={audits.reload} />
          </div>
          <Shown of={audits} what="the audits">
            {({ value, nextLink }) => <Audits audits={value} more={Boolean(nextLink)} tenantId={id} />}
          </Shown>
        </section>
        <section class="panel" aria-labelledby="feed-title">
          <h2 id="feed-title">Feed</h2>
          <Shown of={feeds} what="the feed">
            {({ value }) => <OneFeed feed={value.find(({ tenantId }) => tenantId === id)} done={feeds.reload} />}
          </Shown>
        </section>
        <section class="panel" aria-labelledby="coverage-title">
          <div class="panel-head">
            <h2 id="coverage-title">Coverage</h2>
            <ScanNow tenantId={id} minor done={() => scans.reload()} />
          </div>
          <Shown of={scans} what="the newest scan">
            {({ value }) => <OneScan scan={value.find(({ tenantId }) => tenantId === id)} />}
          </Shown>
        </section>
      </div>
    </ToldOnce>
  );
}

function About({ tenant: { domains, mode, tenantId } }: { tenant: TenantState }) {
  return (
    <>
      {domains.length > 0 && <>{list(domains.map((domain) => <Untrusted key={domain} text={domain} />))} · </>}
      mode {words(mode).toLowerCase()} · <TenantId id={tenantId} />
    </>
  );
}

function OneScan({ scan }: { scan: CoverageScan | undefined }) {
  return scan ? <Coverage scans={[scan]} all={scanPage(scan)} what="Show the mailboxes" /> : <NoScan />;
}

/** What the newest audit found, and the ones before it. */
function Audits({ audits, more, tenantId }: { audits: Audit[]; more: boolean; tenantId: string }) {
  const [newest] = audits;
  if (!newest) return <Empty title="Not audited yet">The first audit runs on schedule.</Empty>;
  return (
    <>
      <p class="main-issue">
        <VerdictMark verdict={newest.verdict} /> <MainIssue audit={newest} />
      </p>
      <AuditTable audits={audits} />
      {more && (
        <p class="more">
          <Link to={to("audits", { tenantId })}>Show all audits of this tenant</Link>
        </p>
      )}
    </>
  );
}
