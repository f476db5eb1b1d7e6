import type { ComponentChildren } from "preact";
import { get } from "../api";
import { Bars } from "../charts";
import { type Loaded, useLoad } from "../load";
import { SeverityMark } from "../marks";
import { Empty, Heading } from "../parts";
import { bounds, DEFAULT_PERIOD, PERIODS, PeriodChoice, periodOf } from "../period";
import { to } from "../router";
import { Shown } from "../shown";
import { clock, count, title } from "../text";
import { type Audit, type Finding, type Health, type Page, SEVERITY_VALUES, type Summary } from "../wire";
import { Apps } from "./overview/apps";
import { ByDay, ByHours } from "./overview/failures-over-time";
import { InReach, inReach } from "./overview/in-reach";
import { Service } from "./overview/service";

const EVERY_MS = 60_000;
const HEALTH_EVERY_MS = 300_000; // the service keeps the results of its probes for longer

/** The current situation: which messages are in reach, which app is broken, what fails and since when. */
export function OverviewView({ parameters }: { parameters: URLSearchParams }) {
  const period = periodOf(parameters, DEFAULT_PERIOD);
  const key = `${period} ${parameters.get("since") ?? ""} ${parameters.get("until") ?? ""}`;
  const within = () => to(null, bounds(parameters, DEFAULT_PERIOD));
  const summary = useLoad(`summary ${key}`, (signal) => get<Summary>("summary", within(), signal), { every: EVERY_MS });
  const reach = useLoad(`reach ${key}`, (signal) => get<Page<Finding>>("findings", inReach(within()), signal), {
    every: EVERY_MS,
  });
  const apps = useLoad("apps", (signal) => get<Page<Audit>>("audits/latest", undefined, signal), { every: EVERY_MS });
  const health = useLoad("health", (signal) => get<Health>("health", undefined, signal), { every: HEALTH_EVERY_MS });
  // The findings of the same period.
  const same = (values: Record<string, string>) =>
    to("findings", {
      ...values,
      ...(period === "custom"
        ? { since: parameters.get("since"), until: parameters.get("until") }
        : { period: period === "all" ? null : period }),
    });

  return (
    <>
      <Heading tab="Overview" aside={<Updated loads={[summary, reach, apps, health]} />}>
        Overview
      </Heading>
      <PeriodChoice parameters={parameters} />
      <div class="grid-overview">
        <section class="panel reach" aria-labelledby="reach-title">
          <h2 id="reach-title">Still in reach</h2>
          <Shown of={reach} what="the messages in reach">
            {(page) => <InReach page={page} total={summary.data?.exposed} same={same} inPeriod={inPeriod(period)} />}
          </Shown>
        </section>
        <section class="panel" aria-labelledby="apps-title">
          <h2 id="apps-title">Email Threat Defense app</h2>
          <Shown of={apps} what="the state of the apps">
            {(page) => <Apps audits={page.value} />}
          </Shown>
        </section>
        <section class="panel wide" aria-labelledby="time-title">
          <h2 id="time-title">
            Failures over time{" "}
            {summary.data && (
              <span class="muted">
                {count(summary.data.total, "failure")} {inPeriod(period)}
              </span>
            )}
          </h2>
          <Shown of={summary} what="the numbers">
            {(data) => (period === "24h" ? <ByHours every={EVERY_MS} /> : <ByDay summary={data} />)}
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
        <div class="column-stack">
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
          <Service health={health} every={HEALTH_EVERY_MS} />
        </div>
      </div>
    </>
  );
}

function inPeriod(period: string): string {
  if (period === "all") return "in total";
  return period === "custom" ? "in the chosen period" : `in the last ${PERIODS[period]?.label ?? ""}`;
}

function Numbers({ of, children }: { of: Record<string, number>; children: ComponentChildren }) {
  return Object.values(of).some((value) => value > 0) ? <>{children}</> : <Empty title="No failures in this period" />;
}

function Updated({ loads }: { loads: Loaded<unknown>[] }) {
  const times = loads.flatMap((load) => (load.at ? [load.at.valueOf()] : []));
  const loading = loads.some((load) => load.loading);
  return (
    <p class="updated">
      <span class="muted">{times.length ? `Updated at ${clock(new Date(Math.min(...times)))}` : "Loading…"}</span>
      <button type="button" class="quiet" disabled={loading} onClick={() => loads.forEach((load) => load.reload())}>
        Refresh
      </button>
    </p>
  );
}
