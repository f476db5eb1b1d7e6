import { get } from "../api";
import { useLoad } from "../load";
import { ReachMark, SeverityMark, WorkMark } from "../marks";
import { Empty, Fact, Heading } from "../parts";
import { Link, to } from "../router";
import { Shown } from "../shown";
import { Steps } from "../steps";
import { TenantLink } from "../tenants";
import { count, duration, number, TenantId, Time, title, Untrusted, visible, words } from "../text";
import type { Exposure, FindingSummary, Incident, Page } from "../wire";
import { Within } from "../within";
import { ExposureTable } from "./exposures";
import { Buttons } from "./incident/buttons";
import { CopyIncident } from "./incident/copy";
import { incidentIds } from "./incidents/lists";

const EVERY_MS = 30_000;
const SHOWN = 8;

/** One incident: its numbers, what to do, whom it concerns, and what happened to it. */
export function IncidentView({ id, parameters }: { id: string; parameters: URLSearchParams }) {
  const key = `incident ${id}`;
  const path = `incidents/${encodeURIComponent(id)}`;
  const loaded = useLoad(key, (signal) => get<Incident>(path, undefined, signal), { every: EVERY_MS });
  return (
    <>
      <Within
        item="incident"
        view="incidents"
        label="Incidents"
        parameters={parameters}
        ids={incidentIds}
        reload={loaded.reload}
      />
      {!loaded.data && <Heading tab="Incident">Incident</Heading>}
      <Shown of={loaded} what="the incident">
        {(incident) => <Whole incident={incident} path={path} cacheKey={key} reload={loaded.reload} />}
      </Shown>
    </>
  );
}

interface WholeProps {
  incident: Incident;
  path: string;
  cacheKey: string;
  reload: () => void;
}

function Whole({ incident, path, cacheKey, reload }: WholeProps) {
  const findings = to("findings", { incidentId: incident.id });
  return (
    <article>
      <Heading
        tab={visible(incident.title)}
        lead={<TenantLink id={incident.tenantId} />}
        aside={<Buttons incident={incident} path={path} cacheKey={cacheKey} done={reload} />}
      >
        <Untrusted text={incident.title} />
      </Heading>
      {incident.suppression && (
        <div class="notice">
          <p>
            <strong>
              Suppressed until <Time at={incident.suppression.until} />
            </strong>
            {": "}
            <Untrusted text={incident.suppression.reason} />
            {incident.suppression.by && (
              <>
                {" ("}
                <Untrusted text={incident.suppression.by} />)
              </>
            )}
          </p>
        </div>
      )}
      <dl class="headline">
        <div class={incident.exposed ? "exposed" : undefined}>
          <dt>In reach</dt>
          <dd>
            <b class="number">{number(incident.exposed)}</b>
            <small>
              {incident.exposed === 1 ? "finding" : "findings"}
              {incident.read > 0 && (
                <>
                  , <strong class="bad">{number(incident.read)} read</strong>
                </>
              )}
              {incident.exposed > 0 && !incident.read && ", none read"}
            </small>
          </dd>
        </div>
        <div>
          <dt>State</dt>
          <dd>
            <WorkMark state={incident.state} />
            <StateSince incident={incident} />
          </dd>
        </div>
        <div>
          <dt>Severity</dt>
          <dd>
            <SeverityMark severity={incident.severity} />
          </dd>
        </div>
        <div>
          <dt>Open findings</dt>
          <dd>
            <Link to={findings}>
              <b class="number">{number(incident.openFindings)}</b>
            </Link>
            <small>of {number(incident.findings)}</small>
          </dd>
        </div>
        <div>
          <dt>Mailboxes</dt>
          <dd>
            <b class="number">{number(incident.mailboxes)}</b>
            {incident.mailboxesEstimated && <small>estimated</small>}
          </dd>
        </div>
        <div>
          <dt>Last failure</dt>
          <dd>
            <Time at={incident.lastSeen} relative />
            <small>
              the first on <Time at={incident.firstSeen} />
            </small>
          </dd>
        </div>
      </dl>
      <div class="grid-finding">
        <div>
          <section class="panel" aria-labelledby="todo-title">
            <h2 id="todo-title">What to do</h2>
            {incident.actions.length ? <Steps actions={incident.actions} /> : <Empty title="Nothing to do" />}
          </section>
          {incident.exposed > 0 && <InReach incident={incident} />}
          <Findings incident={incident} all={findings} />
        </div>
        <aside aria-label="More about the incident">
          <section class="panel" aria-labelledby="log-title">
            <div class="panel-head">
              <h2 id="log-title">History</h2>
              <CopyIncident incident={incident} />
            </div>
            <Log incident={incident} />
          </section>
          <About incident={incident} />
        </aside>
      </div>
    </article>
  );
}

function StateSince({ incident }: { incident: Incident }) {
  const { state, openedAt, acknowledgedAt, acknowledgedBy, resolvedAt, timeToResolve } = incident;
  if (state === "resolved" && resolvedAt) {
    return (
      <small>
        <Time at={resolvedAt} />
        {timeToResolve !== null && `, after ${duration(timeToResolve)}`}
      </small>
    );
  }
  if (state === "acknowledged" && acknowledgedAt) {
    return (
      <small>
        by <Untrusted text={acknowledgedBy ?? "somebody"} />, <Time at={acknowledgedAt} relative />
      </small>
    );
  }
  return openedAt ? (
    <small>
      since <Time at={openedAt} />
    </small>
  ) : null;
}

function InReach({ incident }: { incident: Incident }) {
  const asked = to(null, { incidentId: incident.id, top: String(SHOWN) });
  const loaded = useLoad(`exposures ${asked}`, (signal) => get<Page<Exposure>>("exposures", asked, signal), {
    every: EVERY_MS,
  });
  return (
    <section class="panel" aria-labelledby="reach-title">
      <h2 id="reach-title">Can still be opened</h2>
      <Shown of={loaded} what="the messages in reach">
        {({ value, nextLink }) => (
          <>
            <ExposureTable exposures={value} within={to("findings", { incidentId: incident.id })} />
            {nextLink && (
              <p class="more">
                <Link to={to("exposures", { incidentId: incident.id })}>
                  Show all messages of this incident in reach
                </Link>
              </p>
            )}
          </>
        )}
      </Shown>
    </section>
  );
}

function Findings({ incident, all }: { incident: Incident; all: URLSearchParams }) {
  const asked = to(null, { incidentId: incident.id, fields: "summary", top: String(SHOWN) });
  const loaded = useLoad(`some ${asked}`, (signal) => get<Page<FindingSummary>>("findings", asked, signal), {
    every: EVERY_MS,
  });
  return (
    <section class="panel" aria-labelledby="findings-title">
      <h2 id="findings-title">Newest findings</h2>
      <Shown of={loaded} what="the findings">
        {({ value }) => (
          <div class="scroll" tabIndex={0} role="group" aria-labelledby="findings-title">
            <table class="compact">
              <thead>
                <tr>
                  <th scope="col">Mailbox</th>
                  <th scope="col">Reach</th>
                  <th scope="col">State</th>
                  <th scope="col">Occurred</th>
                </tr>
              </thead>
              <tbody>
                {value.map((finding) => (
                  <tr key={finding.id}>
                    <th scope="row">
                      <Link to={to("findings", { incidentId: incident.id, finding: finding.id })}>
                        <Untrusted text={finding.failure.mailbox} />
                      </Link>
                    </th>
                    <td>
                      <ReachMark exposed={finding.exposed} />
                    </td>
                    <td>
                      <WorkMark state={finding.state} />
                    </td>
                    <td class="nowrap">
                      <Time at={finding.occurredAt} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Shown>
      <p class="more">
        <Link to={all}>
          Show {incident.findings === 1 ? "the finding" : `all ${count(incident.findings, "finding")}`}
        </Link>
      </p>
    </section>
  );
}

function Log({ incident: { log } }: { incident: Incident }) {
  if (!log.length) return <p class="muted">It was never open: its findings were resolved immediately.</p>;
  return (
    <ol class="log">
      {log.toReversed().map((entry, index) => (
        <li key={index}>
          <Time at={entry.at} />
          <span>
            <b>
              {entry.what === "suppressed" && entry.note?.startsWith("ended")
                ? "No longer suppressed"
                : words(entry.what)}
            </b>
            {entry.by && (
              <>
                {" by "}
                <Untrusted text={entry.by} />
              </>
            )}
          </span>
          {entry.note && (
            <span class="break">
              <Untrusted text={entry.note} />
            </span>
          )}
        </li>
      ))}
    </ol>
  );
}

function About({ incident }: { incident: Incident }) {
  const causes = Object.entries(incident.causes).sort((a, b) => b[1] - a[1]);
  return (
    <section class="panel" aria-labelledby="about-title">
      <h2 id="about-title">About</h2>
      <dl class="facts stacked">
        <Fact name={causes.length > 1 ? "Causes" : "Cause"}>
          {causes.map(([cause, findings]) => (
            <span key={cause} class="block">
              <Link to={to("findings", { incidentId: incident.id, cause })}>{title(cause)}</Link>{" "}
              {causes.length > 1 && <span class="muted">{number(findings)}</span>}
            </span>
          ))}
        </Fact>
        <Fact name={`About (${incident.scope})`}>{incident.subject && <Untrusted text={incident.subject} />}</Fact>
        <Fact name="Opened again">{incident.reopened > 0 && count(incident.reopened, "time")}</Fact>
        <Fact name="Tenant ID">
          <TenantId id={incident.tenantId} />
        </Fact>
        <Fact name="Incident ID">
          <code class="id">{incident.id}</code>
        </Fact>
      </dl>
    </section>
  );
}
