import { More, usePages } from "../paging";
import { Empty, Heading } from "../parts";
import { to } from "../router";
import { Shown } from "../shown";
import { Time, Untrusted, words } from "../text";
import type { RejectedEvent } from "../wire";

/** The events that could not be read as a failure, with their full text. */
export function RejectedView() {
  const events = usePages(
    "rejected",
    "rejected",
    () => to(null, { top: "50" }),
    "event",
    (event: RejectedEvent) => event,
  );
  return (
    <>
      <Heading
        tab="Rejected events"
        lead="Events from the intake queue that could not be read as a failure. Fix the sender, and then resend them."
      >
        Rejected events
      </Heading>
      <Shown of={events} what="the rejected events">
        {({ rows }) =>
          rows.length ? (
            <>
              <ul class="events" ref={events.list as { current: HTMLUListElement | null }}>
                {rows.map((event) => (
                  <li key={event.id} class="panel">
                    <p class="event-top">
                      <b>{words(event.reason)}</b>
                      <span class="muted">
                        <Time at={event.receivedAt} />
                      </span>
                    </p>
                    <p>
                      <Untrusted text={event.detail} />
                    </p>
                    <details>
                      <summary>
                        Show the event<span class="visually-hidden"> of {event.receivedAt}</span>
                      </summary>
                      <pre tabIndex={0} role="group" aria-label="Text of the event">
                        <Untrusted text={event.body} />
                      </pre>
                    </details>
                  </li>
                ))}
              </ul>
              <More of={events} what="events" />
            </>
          ) : (
            <Empty title="No rejected events" />
          )
        }
      </Shown>
    </>
  );
}
