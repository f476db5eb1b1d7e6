import { FeedTrouble, NoFeed, working } from "../../feeds";
import { StateMark } from "../../marks";
import { Link, to } from "../../router";
import { TenantLink } from "../../tenants";
import { count, number, Time } from "../../text";
import type { Feed } from "../../wire";

const SHOWN = 3;

/** The state of the feeds: how many are in each state, and what is wrong with the worst. */
export function Feeds({ feeds }: { feeds: Feed[] }) {
  const found = working(feeds);
  if (!found.length) return <NoFeed />;
  const states = Map.groupBy(found, ({ state }) => state);
  const troubled = found.filter(({ state, lastError }) => state !== "ok" || lastError);
  const newest = found
    .flatMap(({ lastSuccessAt }) => lastSuccessAt ?? [])
    .sort()
    .at(-1);
  const failures = found.reduce((sum, feed) => sum + feed.failuresFound, 0);
  return (
    <>
      <ul class="verdicts" aria-label="Feeds by state">
        {[...states].map(([state, several]) => (
          <li key={state}>
            <b>{number(several.length)}</b> <StateMark state={state} />
          </li>
        ))}
      </ul>
      {troubled.length > 0 && (
        <ul class="apps">
          {troubled.slice(0, SHOWN).map((feed) => (
            <li key={feed.tenantId}>
              <p class="app-name">
                <TenantLink id={feed.tenantId} /> <StateMark state={feed.state} />
              </p>
              <FeedTrouble feed={feed} />
            </li>
          ))}
        </ul>
      )}
      <p class="muted">
        {count(failures, "failure")} found in the last 14 days.
        {newest && (
          <>
            {" "}
            Last read <Time at={newest} relative />.
          </>
        )}
      </p>
      <p class="more">
        <Link to={to("feeds")}>Show {found.length === 1 ? "the feed" : `all ${count(found.length, "feed")}`}</Link>
      </p>
    </>
  );
}
