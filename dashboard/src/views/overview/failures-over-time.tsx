import { get } from "../../api";
import { Columns } from "../../charts";
import { useLoad } from "../../load";
import { dayBounds, days, HOUR_MS, instant } from "../../period";
import { to } from "../../router";
import { Shown } from "../../shown";
import { hour, utcDay } from "../../text";
import type { Summary } from "../../wire";

const MAX_DAYS = 92;

/** A column for each UTC day of the summary. */
export function ByDay({ summary }: { summary: Summary }) {
  const today = new Date().toISOString().slice(0, 10);
  const known = Object.keys(summary.byDay).sort();
  const first = (summary.since ?? known[0] ?? today).slice(0, 10);
  const end = (summary.until ?? today).slice(0, 10);
  const newest = known.at(-1) ?? end;
  const columns = days(first, end > newest ? end : newest, MAX_DAYS).map((day) => ({
    label: utcDay(new Date(`${day}T00:00:00Z`)),
    value: summary.byDay[day] ?? 0,
    to: to("findings", dayBounds(day)),
  }));
  return <Columns columns={columns} what="failure" per="day" />;
}

const HOURS = 3;

/** The last 24 hours in steps of three. A summary counts by days, so each step is a request. */
export function ByHours({ every }: { every: number }) {
  const end = Math.ceil(Date.now() / HOUR_MS) * HOUR_MS;
  const steps = Array.from({ length: 24 / HOURS }, (_, index) => {
    const start = end - 24 * HOUR_MS + index * HOURS * HOUR_MS;
    const until = `${instant(start + HOURS * HOUR_MS - 1000).slice(0, -1)}.999999999Z`;
    return { start, within: { since: instant(start), until } };
  });
  const loaded = useLoad(
    `hours ${end}`,
    (signal) => Promise.all(steps.map((step) => get<Summary>("summary", to(null, step.within), signal))),
    { every },
  );
  return (
    <Shown of={loaded} what="the numbers">
      {(summaries) => (
        <Columns
          what="failure"
          per="hour"
          columns={steps.map((step, index) => ({
            label: `${hour(step.start)}:00–${hour(step.start + HOURS * HOUR_MS)}:00`,
            value: summaries[index]?.total ?? 0,
            to: to("findings", step.within),
          }))}
        />
      )}
    </Shown>
  );
}
