// The feeds: what the overview, the page of a tenant and the view of feeds share.

import { Act } from "./act";
import { get, post } from "./api";
import { type Loaded, useLoad } from "./load";
import { StateMark } from "./marks";
import { Empty, Fact } from "./parts";
import { count, duration, number, Time, Untrusted } from "./text";
import type { Feed, FeedState, Page } from "./wire";

const EVERY_MS = 60_000;
const SHOWN_AGAIN_MS = [3000, 15_000];
const WORST_FIRST: FeedState[] = ["failing", "behind", "ok", "off"];

/** Reads the state of each feed. */
export function useFeeds(): Loaded<Page<Feed>> {
  return useLoad("feeds", (signal) => get<Page<Feed>>("feeds", undefined, signal), { every: EVERY_MS });
}

/** The feeds that there are, the worst first. */
export function working(feeds: Feed[]): Feed[] {
  return feeds
    .filter(({ state }) => state !== "off")
    .sort((a, b) => WORST_FIRST.indexOf(a.state) - WORST_FIRST.indexOf(b.state));
}

/** The button that polls one feed, or all feeds. */
export function PollNow({ tenantId, done }: { tenantId?: string; done: () => void }) {
  const act = async () => {
    await post("feeds/poll", tenantId ? { tenantId } : {});
    for (const ms of SHOWN_AGAIN_MS) setTimeout(done, ms);
    return "Email Threat Defense is being asked now. The numbers update by themselves.";
  };
  return <Act label="Poll now" busy="Polling…" act={act} shown what="the poll" minor={Boolean(tenantId)} />;
}

/** Why a feed does not work, and what to do. Nothing if it works. */
export function FeedTrouble({ feed }: { feed: Feed }) {
  const { state, lastError, behindSeconds } = feed;
  const late = state === "behind" && behindSeconds > 0;
  if (state === "ok" && !lastError) return null;
  return (
    <>
      {late && <p>Message Search is {duration(behindSeconds)} behind.</p>}
      {lastError && (
        <p class="break">
          <Untrusted text={lastError} />
        </p>
      )}
      {state === "failing" && (
        <p class="muted">
          When it works again, the feed catches up as far back as Email Threat Defense keeps its records. New
          credentials belong in <code>ETD_APIS</code> (docs/connect.md); restart the app after that.
        </p>
      )}
      {state === "behind" && (
        <p class="muted">
          It catches up automatically. If it stays behind, let it make more requests: <code>requestsPerDay</code> in{" "}
          <code>ETD_APIS</code> (docs/connect.md).
        </p>
      )}
    </>
  );
}

/** What a feed has read and found. */
function FeedFacts({ feed }: { feed: Feed }) {
  const { search, logExport } = feed.lanes;
  const never = <span class="muted">not yet</span>;
  return (
    <dl class="facts">
      <Fact name="Last read">{feed.lastSuccessAt ? <Time at={feed.lastSuccessAt} relative /> : never}</Fact>
      <Fact name="Message Search, up to">{search.cursor ? <Time at={search.cursor} /> : never}</Fact>
      <Fact name="Log Export, up to">{logExport.cursor ? <Time at={logExport.cursor} /> : never}</Fact>
      <Fact name="Log Export, complete up to">{logExport.settledUntil && <Time at={logExport.settledUntil} />}</Fact>
      <Fact name="Requests today">
        {number(feed.requestsToday)} of {number(feed.requestShare)}
      </Fact>
    </dl>
  );
}

const COUNTS: [keyof Feed, string][] = [
  ["candidates", "Actions in a mailbox"],
  ["verified", "Took effect"],
  ["failuresFound", "Failures found"],
  ["notVerified", "Could not be verified"],
  ["mailboxesUnknown", "Mailbox not known"],
];

/** What became of the actions that a feed has found. */
function FeedCounts({ feed }: { feed: Feed }) {
  return (
    <dl class="facts">
      {COUNTS.map(([name, label]) => (
        <Fact key={name} name={label}>
          {number(feed[name] as number)}
        </Fact>
      ))}
    </dl>
  );
}

/** The times of which not everything could be read. */
function FeedGaps({ feed: { gaps } }: { feed: Feed }) {
  if (!gaps.length) return null;
  return (
    <details>
      <summary>{count(gaps.length, "gap")}</summary>
      <ul class="plain tight">
        {gaps.map(({ from, to, why }) => (
          <li key={`${from} ${why}`}>
            <Time at={from} /> to <Time at={to} />:{" "}
            <span class="break">
              <Untrusted text={why} />
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}

export function NoFeed() {
  return (
    <Empty title="No feed">
      The service can find failures automatically: it reads in Email Threat Defense what was done, and asks Graph
      whether it happened. To turn this on, set <code>ETD_APIS</code> (docs/connect.md). Until then, failures have to be
      sent.
    </Empty>
  );
}

/** All that is shown of a feed. */
export function OneFeed({ feed, done }: { feed: Feed | undefined; done: () => void }) {
  if (!feed || feed.state === "off") return <NoFeed />;
  return (
    <>
      <div class="card-top">
        <StateMark state={feed.state} />
        <PollNow tenantId={feed.tenantId} done={done} />
      </div>
      <FeedTrouble feed={feed} />
      <FeedFacts feed={feed} />
      <h3>In the last 14 days</h3>
      <FeedCounts feed={feed} />
      <FeedGaps feed={feed} />
    </>
  );
}
