// What changed since the reader last looked. The browser remembers two times, and nothing else: the newest one of an
// incident that it showed, by the clock of the service, and when that was, by its own.

import { useEffect, useState } from "preact/hooks";
import { get } from "../../api";
import { useLoad } from "../../load";
import { HOUR_MS, instant } from "../../period";
import { Link, to } from "../../router";
import { count, Moment, number, Untrusted } from "../../text";
import type { Incident, Page } from "../../wire";
import { TO_WORK_ON } from "../incidents/lists";

const KEY = "seen";
const READ = 200;
const LISTED = 3;
/** Incidents are found by their last failure. So long after it, a look at a finding can still open one again. */
const LATE_MS = 14 * 24 * HOUR_MS;

/** Milliseconds since 1970. */
interface Look {
  newest: number;
  at: number;
}

/** Says which incidents are new since the last look. That look lasts until the reader has seen them. */
export function SinceLastLook({ shown, every }: { shown: Page<Incident> | undefined; every: number }) {
  const [last, set] = useState(lastLook);
  const [begun] = useState(Date.now);
  const since = instant((last?.newest ?? begun) - LATE_MS);
  const asked = to(null, { state: TO_WORK_ON, since, top: String(READ) });
  const loaded = useLoad(`since ${asked}`, (signal) => get<Page<Incident>>("incidents", asked, signal), { every });
  const recent = loaded.data?.value ?? [];
  const newest = Math.max(0, ...[...(shown?.value ?? []), ...recent].map(lastChange));
  const look = { newest, at: Date.now() };
  const seen = last?.newest ?? 0;
  const opened = recent.filter((one) => openedAt(one) > seen);
  const wentOn = recent.filter((one) => openedAt(one) <= seen && lastChange(one) > seen);
  const nothing = !last || opened.length + wentOn.length === 0;
  useEffect(() => {
    if (shown && loaded.data && nothing && !loaded.error) remember(look);
  });
  if (nothing) return null;
  const orMore = loaded.data?.nextLink ? " or more" : "";
  return (
    <section class="panel since" aria-label="Since you last looked">
      <p>
        <strong>
          {opened.length
            ? `${number(opened.length)}${orMore} new ${opened.length === 1 ? "incident" : "incidents"}`
            : ""}
          {opened.length > 0 && wentOn.length > 0 && ", and "}
          {wentOn.length > 0 && `${count(wentOn.length, "incident")} with new failures`}
          {" since "}
          <Moment at={last.at} />
        </strong>
      </p>
      <ul class="plain tight">
        {opened.slice(0, LISTED).map((one) => (
          <li key={one.id}>
            <Link to={to(null, { incident: one.id })}>
              <Untrusted text={one.title} />
            </Link>
          </li>
        ))}
        {opened.length > LISTED && (
          <li class="muted">
            and {number(opened.length - LISTED)} more in <Link to={to("incidents")}>the list of incidents</Link>
          </li>
        )}
      </ul>
      <button type="button" class="quiet" onClick={() => set(remember(look))}>
        Mark as seen
      </button>
    </section>
  );
}

function openedAt(incident: Incident): number {
  return incident.openedAt ? Date.parse(incident.openedAt) : 0;
}

/** When it was opened or had its last failure. A sender's clock can be ahead: a time to come would hide what is new. */
function lastChange(incident: Incident): number {
  return Math.max(openedAt(incident), Math.min(Date.parse(incident.lastSeen), Date.now()));
}

/** What an earlier look has left; null if there was none. */
function lastLook(): Look | null {
  try {
    const [newest, at] = (localStorage.getItem(KEY) ?? "").split(" ").map(Number);
    return newest && at ? { newest, at } : null;
  } catch {
    return null; // storage is blocked: nothing is said
  }
}

function remember(look: Look): Look {
  try {
    localStorage.setItem(KEY, `${look.newest} ${look.at}`);
  } catch {
    // as above
  }
  return look;
}
