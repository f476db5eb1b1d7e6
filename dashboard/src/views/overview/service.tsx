import { get } from "../../api";
import { Grant } from "../../grant";
import { type Loaded, useLoad } from "../../load";
import { StateMark } from "../../marks";
import { Link, to } from "../../router";
import { Shown } from "../../shown";
import { count, Time, Why, words } from "../../text";
import type { Health, Page, RejectedEvent } from "../../wire";

const LABELS: Record<string, string> = { graph: "Microsoft Graph" };

/** The health of the triage service itself, and whether events were rejected. */
export function Service({ health, every }: { health: Loaded<Health>; every: number }) {
  const rejected = useLoad(
    "rejected newest",
    (signal) => get<Page<RejectedEvent>>("rejected", to(null, { top: "1" }), signal),
    { every },
  );
  const newest = rejected.data?.value[0];
  return (
    <section class="panel" aria-labelledby="service-title">
      <h2 id="service-title">This service</h2>
      <Shown of={health} what="the health of the service">
        {({ checks }) => (
          <>
            <dl class="facts">
              {Object.entries(checks).map(([name, check]: [string, { status: string }]) => (
                <div key={name}>
                  <dt>{LABELS[name] ?? words(name)}</dt>
                  <dd>
                    {(name === "notifications" && !checks.notifications.channels) ||
                    (name === "feeds" && !checks.feeds.feeds) ? (
                      <span class="muted">None</span>
                    ) : (
                      <StateMark state={health.error ? "unknown" : check.status} />
                    )}
                  </dd>
                </div>
              ))}
            </dl>
            {checks.graph.reasons?.map((reason) => (
              <p key={reason} class="muted">
                <Why reason={reason} permission={null} />
              </p>
            ))}
            {checks.notifications.failing > 0 && (
              <p class="muted">Not accepting notifications: {count(checks.notifications.failing, "channel")}.</p>
            )}
            <Lacking of={checks.permissions.lacking} />
          </>
        )}
      </Shown>
      {newest && (
        <p class="rejected-note">
          <Link to={to("rejected")}>Events were rejected</Link>, most recently <Time at={newest.receivedAt} relative />.
        </p>
      )}
    </section>
  );
}

function Lacking({ of }: { of: Health["checks"]["permissions"]["lacking"] }) {
  if (!of.length) return null;
  return (
    <details>
      <summary>The triage identity does not have {count(of.length, "permission")}</summary>
      <ul class="plain tight">
        {of.map(({ permission, tenants }) => (
          <li key={permission}>
            <code>{permission}</code> in {count(tenants, "tenant")}
          </li>
        ))}
      </ul>
      <Grant permissions={of.map(({ permission }) => permission)} />
    </details>
  );
}
