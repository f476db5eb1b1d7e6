import { get } from "../../api";
import { type Loaded, useLoad } from "../../load";
import { Empty } from "../../parts";
import { Link, to } from "../../router";
import { Shown } from "../../shown";
import { count, duration, number } from "../../text";
import type { Exposure, Page, Summary } from "../../wire";
import { ExposureTable } from "../exposures";

const SHOWN = 6;

/** Reads the first messages in reach, of one tenant or of all. */
export function useExposures(every: number, tenantId?: string) {
  const query = to(null, { tenantId, top: String(SHOWN) });
  return useLoad(`exposures ${query}`, (signal) => get<Page<Exposure>>("exposures", query, signal), { every });
}

interface InReachProps<Of> {
  summary: Of;
  exposures: Loaded<Page<Exposure>>;
  /** The only tenant that it is about. */
  tenantId?: string | undefined;
}

/** The panel of what can still be opened, and who has read it. */
export function InReach({ summary, exposures, tenantId }: InReachProps<Loaded<Summary>>) {
  return (
    <section class="panel reach wide" aria-labelledby="reach-title">
      <h2 id="reach-title">Can still be opened</h2>
      <Shown of={summary} what="the messages in reach">
        {(data) => <Messages summary={data} exposures={exposures} tenantId={tenantId} />}
      </Shown>
    </section>
  );
}

function Messages({ summary, exposures, tenantId }: InReachProps<Summary>) {
  const { messages, read, mailboxes } = summary.exposures;
  const { p50, p90, oldestSeconds } = summary.timeInReach;
  const longest = oldestSeconds === null ? "" : `One has been in reach for ${duration(oldestSeconds)}. `;
  const usual =
    p50 === null ? "" : `Half of the messages that are no longer in reach were there for at most ${duration(p50)}`;
  const most = p50 === null ? "" : p90 === null ? "." : `, and 90% for at most ${duration(p90)}.`;
  if (!messages) {
    return (
      <Empty title="No message is in reach">
        As far as triage could see, no failed remediation left a message that its recipient can still open.
      </Empty>
    );
  }
  return (
    <>
      <div class="figures">
        <p class="figure-line">
          <Link to={to("exposures", { tenantId })} class="big-figure">
            {number(messages)}
          </Link>
          <span>
            {messages === 1 ? "message" : "messages"} can still be opened, in {count(mailboxes, "mailbox", "mailboxes")}
          </span>
        </p>
        <p class="figure-line">
          {read ? (
            <Link to={to("exposures", { isRead: "true", tenantId })} class="big-figure">
              {number(read)}
            </Link>
          ) : (
            <span class="big-figure none">0</span>
          )}
          <span>{read === 1 ? "was" : "were"} read</span>
        </p>
      </div>
      <p class="muted">{`${longest}${usual}${most}`}</p>
      <Shown of={exposures} what="the messages in reach">
        {(page) => <ExposureTable exposures={page.value} within={to("findings", { tenantId })} />}
      </Shown>
      {messages > SHOWN && (
        <p class="more">
          <Link to={to("exposures", { tenantId })}>Show all {count(messages, "message")} in reach</Link>
        </p>
      )}
    </>
  );
}
