import { get } from "../../api";
import { Grant } from "../../grant";
import { useKeys } from "../../keys";
import { kept, useLoad } from "../../load";
import { StateMark } from "../../marks";
import { Heading } from "../../parts";
import { go, goUp, Link, to, UpLink } from "../../router";
import { Progress, RUNNING_EVERY_MS, ScanNow, scanPage } from "../../scans";
import { Shown } from "../../shown";
import { TenantLink, TenantName, useTenantName } from "../../tenants";
import { number, Time, title, words } from "../../text";
import { CouldNotBeRead } from "../../unread";
import type { CoverageScan } from "../../wire";
import { Mailboxes, readsNothing } from "./mailboxes";

const LIST = to("coverage");

/** One scan of a tenant: its numbers, and the mailboxes that could not be remediated. */
export function ScanView({ id, parameters }: { id: string; parameters: URLSearchParams }) {
  const path = `coverage/${encodeURIComponent(id)}`;
  const key = `scan ${id}`;
  const running = kept<CoverageScan>(key)?.state === "running";
  const loaded = useLoad(
    key,
    (signal) => get<CoverageScan>(path, undefined, signal),
    running ? { every: RUNNING_EVERY_MS } : {},
  );
  useKeys({ u: () => goUp(LIST), r: loaded.reload });
  return (
    <>
      <UpLink to={LIST}>Coverage</UpLink>
      {!loaded.data && <Heading tab="Coverage scan">Coverage scan</Heading>}
      <Shown of={loaded} what="the scan">
        {(scan) => <Whole scan={scan} path={path} parameters={parameters} />}
      </Shown>
    </>
  );
}

function Whole({ scan, path, parameters }: { scan: CoverageScan; path: string; parameters: URLSearchParams }) {
  const name = useTenantName(scan.tenantId);
  return (
    <article>
      <Heading
        tab={`Coverage of ${name}`}
        lead={<Lead scan={scan} />}
        aside={
          <ScanNow tenantId={scan.tenantId} done={([started]) => started && go(to("coverage", { scan: started.id }))} />
        }
      >
        Coverage of <TenantName id={scan.tenantId} />
      </Heading>
      {scan.state === "partial" && <Partial scan={scan} />}
      <Numbers scan={scan} />
      <div class="grid-audit scan">
        <Mailboxes scan={scan} path={`${path}/mailboxes`} parameters={parameters} />
        <div class="column-stack">
          <Causes scan={scan} />
          <CouldNotBeRead all={scan.reasons.map((lack) => ({ ...lack, what: words(lack.check) }))} />
        </div>
      </div>
    </article>
  );
}

function Lead({ scan: { tenantId, startedAt } }: { scan: CoverageScan }) {
  return (
    <>
      Started <Time at={startedAt} />. <TenantLink id={tenantId} />
    </>
  );
}

/** What to do about a scan that ended early, or that could read no mailbox. */
function Partial({ scan }: { scan: CoverageScan }) {
  const { reasons } = scan;
  const permissions = reasons.flatMap(({ permission }) => permission ?? []);
  return (
    <section class="panel partial" aria-labelledby="partial-title">
      <h2 id="partial-title">
        {readsNothing(scan) ? "No mailbox could be read" : "The scan ended before it had seen every user"}
      </h2>
      {permissions.length > 0 ? (
        <Grant permissions={permissions} />
      ) : (
        <p>The numbers cover only the users that it has seen.</p>
      )}
    </section>
  );
}

function Causes({ scan }: { scan: CoverageScan }) {
  const causes = Object.entries(scan.byCause).sort((a, b) => b[1] - a[1]);
  if (!causes.length) return null;
  return (
    <section class="panel" aria-labelledby="causes-title">
      <h2 id="causes-title">By cause</h2>
      <dl class="facts">
        {causes.map(([cause, value]) => (
          <div key={cause}>
            <dt>
              <Link to={scanPage(scan, { cause })}>{title(cause)}</Link>
            </dt>
            <dd>{number(value)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Numbers({ scan }: { scan: CoverageScan }) {
  const { state, startedAt, finishedAt, users, mailboxes, covered, uncovered, unknown, changes } = scan;
  return (
    <dl class="headline">
      <div class={uncovered ? "exposed" : undefined}>
        <dt>Not covered</dt>
        <dd>
          <b class="number">{number(uncovered)}</b>
          <small>of {number(mailboxes)} mailboxes</small>
        </dd>
      </div>
      <div>
        <dt>Covered</dt>
        <dd>
          <b class="number">{number(covered)}</b>
          <small>{number(users)} users were looked at</small>
        </dd>
      </div>
      <div>
        <dt>Could not be read</dt>
        <dd>
          <b class="number">{number(unknown)}</b>
          <small>{unknown ? "not known whether covered" : "of those that were looked at"}</small>
        </dd>
      </div>
      <div>
        <dt>Changes</dt>
        <dd>
          {changes ? (
            <>
              <b class="number">
                <Link to={scanPage(scan, { changed: "new" })}>{number(changes.newlyUncovered)} new</Link>
              </b>
              <small>
                <Link to={scanPage(scan, { changed: "recovered" })}>{number(changes.recovered)} recovered</Link> since{" "}
                <Link to={to("coverage", { scan: changes.since })}>the scan before</Link>
              </small>
            </>
          ) : (
            <small>
              {state === "partial" ? "A partial scan is not compared." : "There is no complete scan to compare with."}
            </small>
          )}
        </dd>
      </div>
      <div>
        <dt>Scan</dt>
        <dd>
          {state === "running" ? <Progress scan={scan} /> : <StateMark state={state} />}
          <small>
            {finishedAt ? (
              <>
                finished <Time at={finishedAt} />
              </>
            ) : (
              <>
                started <Time at={startedAt} />
              </>
            )}
          </small>
        </dd>
      </div>
    </dl>
  );
}
