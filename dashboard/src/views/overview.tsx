import type { ComponentChildren } from "preact";
import { get } from "../api";
import { Bars } from "../charts";
import { useKeys } from "../keys";
import { useFeeds } from "../feeds";
import { type Loaded, useAnswered, useLoad } from "../load";
import { SeverityMark } from "../marks";
import { Empty, Heading } from "../parts";
import { bounds, DEFAULT_PERIOD, PERIODS, PeriodChoice, periodOf } from "../period";
import { to } from "../router";
import { Coverage, useScans } from "../scans";
import { Loading, Shown, ToldOnce } from "../shown";
import { useTenantsLoad } from "../tenants";
import { count, title } from "../text";
import { type Audit, type FindingSummary, type Health, type Page, SEVERITY_VALUES, type Summary } from "../wire";
import { Updated } from "../updated";
import { useIncidents } from "./incidents/lists";
import { Apps } from "./overview/apps";
import { ByDay, BySteps } from "./overview/failures-over-time";
import { Feeds } from "./overview/feeds";
import { FirstSteps } from "./overview/first-steps";
import { InReach, useExposures } from "./overview/in-reach";
import { OpenIncidents } from "./overview/open-incidents";
import { SinceLastLook } from "./overview/since";
import { Service } from "./overview/service";

const EVERY_MS = 60_000;

/** The current situation: what can still be opened, what is to be worked on, and whether the machinery is healthy. */
export function OverviewView({ parameters }: { parameters: URLSearchParams }) {
  const period = periodOf(parameters, DEFAULT_PERIOD);
  const key = `${period} ${parameters.get("since") ?? ""} ${parameters.get("until") ?? ""}`;
  const within = () => to(null, bounds(parameters, DEFAULT_PERIOD));
  const summary = useLoad(`summary ${key}`, (signal) => get<Summary>("summary", within(), signal), { every: EVERY_MS });
  const exposures = useExposures(EVERY_MS);
  const incidents = useIncidents(EVERY_MS);
  const apps = useLoad("apps", (signal) => get<Page<Audit>>("audits/latest", undefined, signal), { every: EVERY_MS });
  const health = useLoad("health", (signal) => get<Health>("health", undefined, signal), { every: EVERY_MS });
  const feeds = useFeeds();
  const scans = useScans();
  const quiet = summary.data?.total === 0;
  const received = useLoad(
    `received ${quiet}`,
    async (signal) =>
      !quiet ||
      (await get<Page<FindingSummary>>("findings", to(null, { fields: "summary", top: "1" }), signal)).value.length > 0,
    quiet ? { every: 15_000 } : {},
  );
  const stored: Loaded<unknown>[] = [summary, exposures, incidents, apps, feeds, scans];
  const loads = [...stored, health];
  const tenants = useTenantsLoad();
  const answered = useAnswered(tenants ? [...stored, tenants] : stored); // the health may take longer: it asks Graph
  const reload = () => loads.forEach((load) => load.reload());
  useKeys({ r: reload });
  // The findings of the same period.
  const same = (values: Record<string, string>) =>
    to("findings", {
      ...values,
      ...(period === "custom"
        ? { since: parameters.get("since"), until: parameters.get("until") }
        : { period: period === "all" ? null : period }),
    });

  if (received.data === false) {
    return (
      <FirstSteps health={health.data} audits={apps.data?.value} feeds={feeds.data?.value} audited={apps.reload} />
    );
  }
  return (
    <ToldOnce of={loads}>
      <Heading tab="Overview" aside={<Updated loads={loads} reload={reload} />}>
        Overview
      </Heading>
      <SinceLastLook shown={incidents.data} every={EVERY_MS} />
      {!answered && <Loading what="the overview" />}
      <div class="grid-overview" hidden={!answered}>
        <InReach summary={summary} exposures={exposures} />
        <OpenIncidents incidents={incidents} summary={summary} />
        <section class="panel" aria-labelledby="apps-title">
          <h2 id="apps-title">Email Threat Defense app</h2>
          <Shown of={apps} what="the state of the apps">
            {(page) => <Apps audits={page.value} />}
          </Shown>
        </section>
        <section class="panel" aria-labelledby="feeds-title">
          <h2 id="feeds-title">Feeds</h2>
          <Shown of={feeds} what="the feeds">
            {({ value }) => <Feeds feeds={value} />}
          </Shown>
        </section>
        <section class="panel" aria-labelledby="coverage-title">
          <h2 id="coverage-title">Coverage</h2>
          <Shown of={scans} what="the newest scans">
            {({ value }) => <Coverage scans={value} all={to("coverage")} what="Show the scan of each tenant" />}
          </Shown>
        </section>
        <Service health={health} every={EVERY_MS} />
        <section class="panel wide" aria-labelledby="time-title">
          <div class="panel-head">
            <h2 id="time-title">
              Failures over time{" "}
              {summary.data && (
                <span class="muted">
                  {count(summary.data.total, "failure")} {inPeriod(period)}
                </span>
              )}
            </h2>
            <PeriodChoice parameters={parameters} />
          </div>
          <Shown of={summary} what="the numbers">
            {(data) =>
              period === "24h" || period === "1h" ? (
                <BySteps key={period} period={period} every={EVERY_MS} />
              ) : (
                <ByDay summary={data} />
              )
            }
          </Shown>
        </section>
        <section class="panel" aria-labelledby="cause-title">
          <h2 id="cause-title">Failures by cause</h2>
          <Shown of={summary} what="the numbers">
            {({ byCause }) => (
              <Numbers of={byCause}>
                <Bars
                  heading="Cause"
                  bars={Object.entries(byCause).map(([name, value]) => ({
                    name,
                    label: title(name),
                    value,
                    to: same({ cause: name }),
                  }))}
                />
              </Numbers>
            )}
          </Shown>
        </section>
        <section class="panel" aria-labelledby="severity-title">
          <h2 id="severity-title">Failures by severity</h2>
          <Shown of={summary} what="the numbers">
            {({ bySeverity }) => (
              <Numbers of={bySeverity}>
                <Bars
                  heading="Severity"
                  inOrder
                  bars={SEVERITY_VALUES.map((name) => ({
                    name,
                    label: <SeverityMark severity={name} />,
                    value: bySeverity[name] ?? 0,
                    to: same({ severity: name }),
                  }))}
                />
              </Numbers>
            )}
          </Shown>
        </section>
      </div>
    </ToldOnce>
  );
}

function inPeriod(period: string): string {
  if (period === "all") return "in total";
  return period === "custom" ? "in the chosen period" : `in the last ${PERIODS[period]?.label ?? ""}`;
}

function Numbers({ of, children }: { of: Record<string, number>; children: ComponentChildren }) {
  return Object.values(of).some((value) => value > 0) ? <>{children}</> : <Empty title="No failures in this period" />;
}
