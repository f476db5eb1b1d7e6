import { NoFeed, OneFeed, PollNow, useFeeds, working } from "../feeds";
import { useKeys } from "../keys";
import { Heading } from "../parts";
import { Shown } from "../shown";
import { TenantLink } from "../tenants";
import { count, list } from "../text";
import { Updated } from "../updated";
import type { Feed, FeedState } from "../wire";

const EDGES: Record<FeedState, string> = { failing: "broken", behind: "degraded", ok: "healthy", off: "unknown" };

/** The state of each feed, the worst first. */
export function FeedsView() {
  const feeds = useFeeds();
  useKeys({ r: feeds.reload });
  const any = feeds.data && working(feeds.data.value).length > 0;
  return (
    <>
      <Heading
        tab="Feeds"
        lead="The service reads what Email Threat Defense did, and asks Microsoft Graph whether it happened. What did not happen is triaged like a failure that was sent."
        aside={
          <>
            <Updated loads={[feeds]} reload={feeds.reload} />
            {any && <PollNow done={feeds.reload} />}
          </>
        }
      >
        Feeds
      </Heading>
      <Shown of={feeds} what="the feeds">
        {({ value }) => <All feeds={value} reload={feeds.reload} />}
      </Shown>
    </>
  );
}

function All({ feeds, reload }: { feeds: Feed[]; reload: () => void }) {
  const found = working(feeds);
  const off = feeds.filter(({ state }) => state === "off");
  if (!found.length) return <NoFeed />;
  return (
    <>
      <div class="cards">
        {found.map((feed) => (
          <section
            key={feed.tenantId}
            class={`panel card edge-${EDGES[feed.state]}`}
            aria-labelledby={`feed-${feed.tenantId}`}
          >
            <h2 id={`feed-${feed.tenantId}`}>
              <TenantLink id={feed.tenantId} />
            </h2>
            <OneFeed feed={feed} done={reload} />
          </section>
        ))}
      </div>
      {off.length > 0 && (
        <section class="panel" aria-labelledby="off-title">
          <h2 id="off-title">Without a feed</h2>
          <p>
            {count(off.length, "tenant")}:{" "}
            {list(off.map(({ tenantId }) => <TenantLink key={tenantId} id={tenantId} />))}. To let the service find
            failures there automatically, add the tenant to <code>ETD_APIS</code> (docs/connect.md).
          </p>
        </section>
      )}
    </>
  );
}
