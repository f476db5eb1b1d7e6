import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Link, to } from "../address";
import { get } from "../api";
import { Bars, Columns } from "../charts";
import { type Loaded, useLoad } from "../load";
import { SeverityMark, StateMark, VerdictMark } from "../marks";
import { bounds, dayBounds, days, instant, PERIODS, PeriodChoice, periodOf, USUAL } from "../period";
import { Empty, Heading, Shown } from "../parts";
import { ago, clock, count, hour, list, number, TenantId, Time, Untrusted, utcDay, words } from "../text";
import type { Audit, Finding, Health, Page, RejectedEvent, Severity, Summary } from "../wire";
import { worstFirst } from "./audits";

const EVERY_MS = 60_000;
const HEALTH_EVERY_MS = 300_000; // its probes are kept by the service for longer than that
const IN_REACH_READ = 200;
const MAILBOXES = 10;
const MOST_DAYS = 92;
const SEVERITIES: Severity[] = ["critical", "high", "medium", "low", "info"];

/** How things are, for someone who was woken up: what is in reach, which app is broken, what fails and since when. */
export function OverviewView({ parameters }: { parameters: URLSearchParams }) {
  const period = periodOf(parameters, USUAL);
  const key = `${period} ${parameters.get("since") ?? ""} ${parameters.get("until") ?? ""}`;
  const within = () => {
    const { since, until } = bounds(parameters, USUAL);
    return to(null, { since, until });
  };
  const summary = useLoad(`summary ${key}`, (signal) => get<Summary>("summary", within(), signal), { every: EVERY_MS });
  const reach = useLoad(`reach ${key}`, (signal) => get<Page<Finding>>("findings", inReach(within()), signal), {
    every: EVERY_MS,
  });
  const apps = useLoad("apps", (signal) => get<Page<Audit>>("audits/latest", undefined, signal), { every: EVERY_MS });
  // A filter of the findings that means the same stretch of time as this view.
  const same = (values: Record<string, string>) =>
    to("findings", {
      ...values,
      ...(period === "custom"
        ? { since: parameters.get("since"), until: parameters.get("until") }
        : { period: period === "all" ? null : period }),
    });
  const label = period === "custom" ? "chosen time" : (PERIODS[period]?.label.toLowerCase() ?? "");
  const lately = period === "all" ? "of all time" : `of the last ${label}`;

  return (
    <>
      <Heading aside={<Updated loads={[summary, reach, apps]} />}>Overview</Heading>
      <PeriodChoice parameters={parameters} />
      <div class="grid-overview">
        <section class="panel reach" aria-labelledby="reach-title">
          <h2 id="reach-title">Still in reach</h2>
          <Shown of={reach} what="what is in reach">
            {(page) => <InReach page={page} total={summary.data?.exposed} same={same} lately={lately} />}
          </Shown>
        </section>
        <section class="panel" aria-labelledby="apps-title">
          <h2 id="apps-title">Email Threat Defense’s app</h2>
          <Shown of={apps} what="the state of the apps">
            {(page) => <Apps audits={page.value} />}
          </Shown>
        </section>
        <section class="panel wide" aria-labelledby="time-title">
          <h2 id="time-title">
            Failures over time{" "}
            {summary.data && (
              <span class="muted">
                {count(summary.data.total, "failure")} {lately}
              </span>
            )}
          </h2>
          <Shown of={summary} what="the numbers">
            {(data) => (period === "24h" ? <ByHours /> : <ByDay summary={data} />)}
          </Shown>
        </section>
        <section class="panel" aria-labelledby="cause-title">
          <h2 id="cause-title">Failures by cause</h2>
          <Shown of={summary} what="the numbers">
            {(data) => (
              <Numbers of={data.byCause}>
                <Bars
                  heading="Cause"
                  bars={Object.entries(data.byCause).map(([name, value]) => ({
                    name,
                    label: words(name),
                    value,
                    to: same({ cause: name }),
                  }))}
                />
              </Numbers>
            )}
          </Shown>
        </section>
        <div class="column-stack">
          <section class="panel" aria-labelledby="severity-title">
            <h2 id="severity-title">By severity</h2>
            <Shown of={summary} what="the numbers">
              {(data) => (
                <Numbers of={data.bySeverity}>
                  <Bars
                    heading="Severity"
                    inOrder
                    bars={SEVERITIES.map((name) => ({
                      name,
                      label: <SeverityMark severity={name} />,
                      value: data.bySeverity[name] ?? 0,
                      to: same({ severity: name }),
                    }))}
                  />
                </Numbers>
              )}
            </Shown>
          </section>
          <Service />
        </div>
      </div>
    </>
  );
}

function inReach(within: URLSearchParams): URLSearchParams {
  const parameters = new URLSearchParams(within);
  parameters.set("exposed", "true");
  parameters.set("top", String(IN_REACH_READ));
  return parameters;
}

function Numbers({ of, children }: { of: Record<string, number>; children: ComponentChildren }) {
  return Object.values(of).some((value) => value > 0) ? <>{children}</> : <Empty title="No failures in this time" />;
}

interface Mailbox {
  name: string;
  failures: number;
  messages: Set<string>;
  places: Set<string>;
  opened: boolean;
  newest: string;
  checked: string;
}

/** The messages that can still be opened, by mailbox; most messages first. */
function byMailbox(findings: Finding[]): Mailbox[] {
  const found = new Map<string, Mailbox>();
  for (const finding of findings) {
    const { mailbox, internetMessageId, messageId } = finding.failure;
    const one = found.get(mailbox) ?? {
      name: mailbox,
      failures: 0,
      messages: new Set<string>(),
      places: new Set<string>(),
      opened: false,
      newest: finding.occurredAt,
      checked: finding.triagedAt,
    };
    one.failures += 1;
    one.messages.add(internetMessageId ?? messageId ?? finding.id);
    one.places.add(finding.message.location);
    one.opened ||= finding.message.isRead === true;
    if (finding.triagedAt < one.checked) one.checked = finding.triagedAt;
    found.set(mailbox, one);
  }
  return [...found.values()].sort(
    (a, b) => b.messages.size - a.messages.size || b.failures - a.failures || b.newest.localeCompare(a.newest),
  );
}

function InReach({
  page,
  total,
  same,
  lately,
}: {
  page: Page<Finding>;
  total: number | undefined;
  same: (values: Record<string, string>) => URLSearchParams;
  lately: string;
}) {
  const mailboxes = byMailbox(page.value);
  const opened = mailboxes.filter((mailbox) => mailbox.opened).length;
  if (!page.value.length && !total) {
    return (
      <Empty title="Nothing is in reach">
        No failed remediation {lately} has left a message where its recipient can open it, as far as triage could see.
      </Empty>
    );
  }
  const some = page.nextLink !== undefined;
  const amount = total ?? page.value.length;
  return (
    <>
      <p class="figure-line">
        <Link to={same({ exposed: "true" })} class="big-figure">
          {number(amount)}
          {total === undefined && some ? "+" : ""}
        </Link>
        <span>
          {amount === 1 ? "failed remediation" : "failed remediations"} {lately} whose message the recipient can still
          open
          {some
            ? `. Mailboxes of the newest ${number(page.value.length)}:`
            : `, in ${count(mailboxes.length, "mailbox", "mailboxes")}.`}
          {opened > 0 && !some && ` ${number(opened)} of them ${opened === 1 ? "has" : "have"} read one.`}
        </span>
      </p>
      <div class="scroll">
        <table class="compact" role="table">
          <thead>
            <tr>
              <th scope="col">Mailbox</th>
              <th scope="col" class="figure">
                Messages
              </th>
              <th scope="col" class="figure extra">
                Failures
              </th>
              <th scope="col">Where</th>
              <th scope="col">Read</th>
              <th scope="col" class="extra">
                Looked at
              </th>
            </tr>
          </thead>
          <tbody>
            {mailboxes.slice(0, MAILBOXES).map((mailbox) => (
              <tr key={mailbox.name}>
                <th scope="row">
                  <Link to={same({ exposed: "true", mailbox: mailbox.name })}>
                    <Untrusted text={mailbox.name} />
                  </Link>
                </th>
                <td class="figure">{number(mailbox.messages.size)}</td>
                <td class="figure extra">{number(mailbox.failures)}</td>
                <td>{list([...mailbox.places].map(words))}</td>
                <td>{mailbox.opened ? <strong class="warn">Read</strong> : "No"}</td>
                <td class="muted extra">
                  <Time at={mailbox.checked} relative />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {(mailboxes.length > MAILBOXES || some) && (
        <p class="more">
          <Link to={same({ exposed: "true" })}>
            {some ? `All ${number(amount)} in reach` : `All ${number(mailboxes.length)} mailboxes`}
          </Link>
        </p>
      )}
    </>
  );
}

const APPS = 4;

function Apps({ audits }: { audits: Audit[] }) {
  if (!audits.length) {
    return (
      <Empty title="Not audited yet">
        The first audit runs by schedule. <Link to={to("audits")}>Audit now</Link>
      </Empty>
    );
  }
  const sorted = worstFirst(audits);
  const counts = Map.groupBy(sorted, (audit) => audit.verdict);
  return (
    <>
      {audits.length > 1 && (
        <ul class="verdicts" aria-label="Tenants by state">
          {[...counts].map(([verdict, several]) => (
            <li key={verdict}>
              <b>{number(several.length)}</b> <VerdictMark verdict={verdict} />
            </li>
          ))}
        </ul>
      )}
      <ul class="apps">
        {sorted.slice(0, APPS).map((audit) => (
          <li key={audit.tenantId}>
            {audits.length === 1 && <VerdictMark verdict={audit.verdict} />}
            <p class="app-name">
              <Link to={to("audits", { audit: audit.id })}>
                Tenant <TenantId id={audit.tenantId} />
              </Link>
              <span class="muted">{ago(audit.auditedAt)}</span>
            </p>
            <p>
              {audits.length > 1 && <VerdictMark verdict={audit.verdict} />} <Matter audit={audit} />
            </p>
          </li>
        ))}
      </ul>
      {sorted.length > APPS && (
        <p class="more">
          <Link to={to("audits")}>All {number(sorted.length)} tenants</Link>
        </p>
      )}
    </>
  );
}

/** What is the matter with an app, in a sentence. */
function Matter({ audit }: { audit: Audit }) {
  const [first, ...others] = audit.issues;
  const [unread] = audit.unreadable;
  if (first) {
    return (
      <>
        <Untrusted text={first.summary} />
        {others.length > 0 && <span class="muted"> And {count(others.length, "more issue")}.</span>}
      </>
    );
  }
  if (audit.verdict === "unknown" && unread) return <>Could not be read: {unread.question}.</>;
  return null;
}

function ByDay({ summary }: { summary: Summary }) {
  const today = new Date().toISOString().slice(0, 10);
  const known = Object.keys(summary.byDay).sort();
  const first = (summary.since ?? known[0] ?? today).slice(0, 10);
  const last = (summary.until ?? today).slice(0, 10);
  const shown = days(first, last > (known.at(-1) ?? last) ? last : (known.at(-1) ?? last), MOST_DAYS);
  const columns = shown.map((day) => ({
    label: utcDay(new Date(`${day}T00:00:00Z`)),
    value: summary.byDay[day] ?? 0,
    to: to("findings", dayBounds(day)),
  }));
  return <Columns columns={columns} what="failure" per="day" />;
}

const HOUR_MS = 3_600_000;
const HOURS = 3;

/** The last day in steps of some hours: the summary knows days, so each step is asked for. */
function ByHours() {
  const end = Math.ceil(Date.now() / HOUR_MS) * HOUR_MS;
  const steps = Array.from({ length: 24 / HOURS }, (_, index) => {
    const start = end - 24 * HOUR_MS + index * HOURS * HOUR_MS;
    return {
      start,
      within: { since: instant(start), until: `${instant(start + HOURS * HOUR_MS - 1000).slice(0, -1)}.999999999Z` },
    };
  });
  const loaded = useLoad(
    `hours ${end}`,
    (signal) => Promise.all(steps.map((step) => get<Summary>("summary", to(null, step.within), signal))),
    { every: EVERY_MS },
  );
  return (
    <Shown of={loaded} what="the numbers">
      {(parts) => (
        <Columns
          what="failure"
          per="hour"
          columns={steps.map((step, index) => ({
            label: `${hour(step.start)}:00–${hour(step.start + HOURS * HOUR_MS)}:00`,
            value: parts[index]?.total ?? 0,
            to: to("findings", step.within),
          }))}
        />
      )}
    </Shown>
  );
}

/** How the triage service itself is, and whether something arrived that it could not read. */
function Service() {
  const health = useLoad("health", (signal) => get<Health>("health", undefined, signal), { every: HEALTH_EVERY_MS });
  const rejected = useLoad(
    "rejected newest",
    (signal) => get<Page<RejectedEvent>>("rejected", to(null, { top: "1" }), signal),
    { every: HEALTH_EVERY_MS },
  );
  const newest = rejected.data?.value[0];
  const lacking = health.data?.checks.permissions.lacking ?? [];
  return (
    <section class="panel" aria-labelledby="service-title">
      <h2 id="service-title">This service</h2>
      <Shown of={health} what="the service’s health">
        {({ checks }) => (
          <dl class="facts">
            {(["storage", "graph", "permissions"] as const).map((name) => (
              <div key={name}>
                <dt>{name === "graph" ? "Microsoft Graph" : words(name)}</dt>
                <dd>
                  <StateMark state={checks[name].status} />
                </dd>
              </div>
            ))}
          </dl>
        )}
      </Shown>
      {lacking.length > 0 && (
        <details>
          <summary>The triage identity lacks {count(lacking.length, "permission")}</summary>
          <ul class="plain tight">
            {lacking.map((lack) => (
              <li key={lack.permission}>
                <code>{lack.permission}</code> in {count(lack.tenants, "tenant")}
              </li>
            ))}
          </ul>
        </details>
      )}
      {newest && (
        <p class="rejected-note">
          <Link to={to("rejected")}>Events were rejected</Link>, the last <Time at={newest.receivedAt} relative />.
        </p>
      )}
    </section>
  );
}

function Updated({ loads }: { loads: Loaded<unknown>[] }) {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), 10_000);
    return () => clearInterval(timer);
  }, []);
  const times = loads.flatMap((load) => (load.at ? [load.at.valueOf()] : []));
  const loading = loads.some((load) => load.loading);
  return (
    <p class="updated">
      <span class="muted">{times.length ? `Read at ${clock(new Date(Math.min(...times)))}` : "Reading…"}</span>
      <button type="button" class="quiet" disabled={loading} onClick={() => loads.forEach((load) => load.reload())}>
        Refresh
      </button>
    </p>
  );
}
