// The stretch of time that is looked at: one that ends now (`period`), or one with fixed ends (`since`, `until`).

import { go } from "./address";

export const PERIODS: Record<string, { label: string; hours: number | null }> = {
  "24h": { label: "24 hours", hours: 24 },
  "7d": { label: "7 days", hours: 7 * 24 },
  "30d": { label: "30 days", hours: 30 * 24 },
  all: { label: "All time", hours: null },
};
export const USUAL = "7d";
const HOUR = 3_600_000;

/** The bounds of an address as the API takes them. A bound that moves is a whole hour: hours are what the API counts. */
export function bounds(parameters: URLSearchParams, usual: string): { since: string | null; until: string | null } {
  const since = parameters.get("since");
  const until = parameters.get("until");
  if (since || until) return { since, until };
  const hours = PERIODS[parameters.get("period") ?? usual]?.hours ?? null;
  if (hours === null) return { since: null, until: null };
  const start = Math.floor((Date.now() - hours * HOUR) / HOUR) * HOUR;
  return { since: instant(start), until: null };
}

/** The period that an address says, or "custom" where it has ends of its own. */
export function periodOf(parameters: URLSearchParams, usual: string): string {
  if (parameters.has("since") || parameters.has("until")) return "custom";
  const period = parameters.get("period");
  return period && period in PERIODS ? period : usual;
}

/** An instant as the API writes it, without a fraction. */
export function instant(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "Z");
}

/** A UTC day's bounds. */
export function dayBounds(day: string): { since: string; until: string } {
  return { since: `${day}T00:00:00Z`, until: `${day}T23:59:59.999999999Z` };
}

/** The days from the first to the last, as `2026-11-20`, in UTC; the last `most` of them. */
export function days(first: string, last: string, most: number): string[] {
  const found: string[] = [];
  for (let day = Date.parse(`${last}T00:00:00Z`); day >= Date.parse(`${first}T00:00:00Z`); day -= 24 * HOUR) {
    if (found.length === most) break;
    found.unshift(new Date(day).toISOString().slice(0, 10));
  }
  return found;
}

/** Buttons for the periods of the overview. */
export function PeriodChoice({ parameters }: { parameters: URLSearchParams }) {
  const chosen = periodOf(parameters, USUAL);
  const choose = (period: string) => {
    const next = new URLSearchParams(parameters);
    for (const name of ["since", "until", "period"]) next.delete(name);
    if (period !== USUAL) next.set("period", period);
    go(next);
  };
  return (
    <fieldset class="segments">
      <legend class="visually-hidden">Period</legend>
      {Object.entries(PERIODS).map(([name, period]) => (
        <label key={name}>
          <input type="radio" name="period" checked={chosen === name} onChange={() => choose(name)} />
          <span>{period.label}</span>
        </label>
      ))}
    </fieldset>
  );
}
