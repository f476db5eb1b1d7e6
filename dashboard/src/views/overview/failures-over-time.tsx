import { get } from "../../api";
import { Columns } from "../../charts";
import { useLoad } from "../../load";
import { dayBounds, days, HOUR_MS, instant, STEP_MS } from "../../period";
import { to } from "../../router";
import { Shown } from "../../shown";
import { shortClock, utcDay } from "../../text";
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

/** The last hour in steps of ten minutes, or the last 24 hours in steps of three hours. Each step is a request. */
export function BySteps({ period, every }: { period: "1h" | "24h"; every: number }) {
  const [per, step, number] = period === "1h" ? ["minute", STEP_MS, 7] : ["hour", 3 * HOUR_MS, 8];
  const unit = Math.min(step, HOUR_MS);
  const end = Math.ceil(Date.now() / unit) * unit;
  const steps = Array.from({ length: number }, (_, index) => {
    const start = end - (number - index) * step;
    const until = `${instant(start + step - 1000).slice(0, -1)}.999999999Z`;
    return { label: `${shortClock(start)}–${shortClock(start + step)}`, within: { since: instant(start), until } };
  });
  const loaded = useLoad(
    `steps ${period} ${end}`,
    (signal) => Promise.all(steps.map(({ within }) => get<Summary>("summary", to(null, within), signal))),
    { every },
  );
  return (
    <Shown of={loaded} what="the numbers">
      {(summaries) => (
        <Columns
          what="failure"
          per={per}
          columns={steps.map(({ label, within }, index) => ({
            label,
            value: summaries[index]?.total ?? 0,
            to: to("findings", within),
          }))}
        />
      )}
    </Shown>
  );
}
