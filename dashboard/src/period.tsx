// The period that a view is about: one that ends now (`period`), or one with fixed ends (`since`, `until`).

import { go } from "./router";
import { capital } from "./text";

export const PERIODS: Record<string, { label: string; hours: number | null }> = {
  "1h": { label: "hour", hours: 1 },
  "24h": { label: "24 hours", hours: 24 },
  "7d": { label: "7 days", hours: 7 * 24 },
  "30d": { label: "30 days", hours: 30 * 24 },
  all: { label: "All time", hours: null },
};
export const DEFAULT_PERIOD = "7d";
export const HOUR_MS = 3_600_000;
/** Steps of the last hour. Its failures are counted one by one. */
export const STEP_MS = HOUR_MS / 6;

/** `since` and `until` for the API. What is longer than an hour starts at a whole hour: the API counts by hours. */
export function bounds(
  parameters: URLSearchParams,
  defaultPeriod: string,
): { since: string | null; until: string | null } {
  const since = parameters.get("since");
  const until = parameters.get("until");
  if (since || until) return { since, until };
  const hours = PERIODS[periodOf(parameters, defaultPeriod)]?.hours ?? null;
  if (hours === null) return { since: null, until: null };
  const unit = hours === 1 ? STEP_MS : HOUR_MS;
  const start = Math.floor((Date.now() - hours * HOUR_MS) / unit) * unit;
  return { since: instant(start), until: null };
}

/** The period that a URL names; "custom" if it has ends of its own. */
export function periodOf(parameters: URLSearchParams, defaultPeriod: string): string {
  if (parameters.has("since") || parameters.has("until")) return "custom";
  const period = parameters.get("period");
  return period && Object.hasOwn(PERIODS, period) ? period : defaultPeriod;
}

/** An instant as the API writes it, without a fraction. */
export function instant(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "Z");
}

/** The bounds of a UTC day. */
export function dayBounds(day: string): { since: string; until: string } {
  return { since: `${day}T00:00:00Z`, until: `${day}T23:59:59.999999999Z` };
}

/** The UTC days from the first to the last, such as `2026-11-20`; at most the last `max` of them. */
export function days(first: string, last: string, max: number): string[] {
  const found: string[] = [];
  for (let day = Date.parse(`${last}T00:00:00Z`); day >= Date.parse(`${first}T00:00:00Z`); day -= 24 * HOUR_MS) {
    if (found.length === max) break;
    found.unshift(new Date(day).toISOString().slice(0, 10));
  }
  return found;
}

/** The buttons that choose the period of the overview. */
export function PeriodChoice({ parameters }: { parameters: URLSearchParams }) {
  const chosen = periodOf(parameters, DEFAULT_PERIOD);
  const choose = (period: string) => {
    const next = new URLSearchParams(parameters);
    for (const name of ["since", "until", "period"]) next.delete(name);
    if (period !== DEFAULT_PERIOD) next.set("period", period);
    go(next);
  };
  return (
    <fieldset class="segments">
      <legend class="visually-hidden">Period</legend>
      {Object.entries(PERIODS).map(([name, period]) => (
        <label key={name}>
          <input type="radio" name="period" checked={chosen === name} onChange={() => choose(name)} />
          <span>{capital(period.label)}</span>
        </label>
      ))}
    </fieldset>
  );
}
