import { to } from "../address";
import { More, usePages } from "../pages";
import { Empty, Heading, Shown } from "../parts";
import { Time, Untrusted, words } from "../text";
import type { RejectedEvent } from "../wire";

/** The events that are no failures, whole, so that their sender can be put right. */
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
      <Heading lead="What came on the intake queue and could not be read as a failure. Put its sender right, and send it again.">
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
                        The event<span class="visually-hidden"> of {event.receivedAt}</span>
                      </summary>
                      <pre tabIndex={0} role="group" aria-label="The event’s text">
                        <Untrusted text={event.body} />
                      </pre>
                    </details>
                  </li>
                ))}
              </ul>
              <More of={events} what="events" />
            </>
          ) : (
            <Empty title="No event was rejected">Everything that arrived was read as a failure.</Empty>
          )
        }
      </Shown>
    </>
  );
}
