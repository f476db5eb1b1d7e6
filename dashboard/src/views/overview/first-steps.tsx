import type { ComponentChildren } from "preact";
import { ROOT, signIn } from "../../api";
import { AuditNow } from "../../audit-now";
import { working } from "../../feeds";
import { Grant } from "../../grant";
import { StateMark } from "../../marks";
import { Heading } from "../../parts";
import { Link, to } from "../../router";
import { Command } from "../../steps";
import { useTenants } from "../../tenants";
import { count, list, Untrusted, Why } from "../../text";
import type { Audit, Feed, Health } from "../../wire";

const TEST = "etd-triage notifications test <channel>";

interface StepsProps {
  health: Health | undefined;
  audits: Audit[] | undefined;
  feeds: Feed[] | undefined;
  audited: () => void;
}

/** What there is to do until the first failure is received, with the command or the link that does it. */
export function FirstSteps({ health, audits, feeds, audited }: StepsProps) {
  const tenants = useTenants();
  const checks = health?.checks;
  const lacking = checks?.permissions.lacking ?? [];
  const found = feeds && working(feeds);
  return (
    <>
      <Heading
        tab="First steps"
        lead="No failure has been received yet. With the first one, this page becomes the overview."
      >
        First steps
      </Heading>
      <ol class="steps panel first-steps">
        <Step title="Storage" state={checks?.storage.status}>
          {checks?.storage.status === "down" ? (
            <p>
              The service cannot reach its storage account. Check <code>TriageStorage</code> and its role assignments.
            </p>
          ) : (
            <p>The service keeps findings, incidents and audits in a storage account.</p>
          )}
        </Step>
        <Step title="Tenants" state={tenants.length ? "ok" : undefined}>
          <p>
            {tenants.length > 0
              ? list(tenants.slice(0, 8).map((one) => <Untrusted key={one.tenantId} text={one.name} />))
              : "The tenants are in the setting TRIAGE_TENANTS."}
            {tenants.length > 8 && ` and ${count(tenants.length - 8, "more tenant")}`}
          </p>
        </Step>
        <Step title="Sign-in to Microsoft Graph" state={checks?.graph.status}>
          {checks?.graph.reasons?.map((reason) => (
            <p key={reason}>
              <Why reason={reason} permission={null} />
            </p>
          ))}
          {checks?.graph.status === "ok" && <p>Microsoft Graph answers in every tenant.</p>}
        </Step>
        <Step title="Permissions of the service" state={checks?.permissions.status}>
          {lacking.length > 0 ? (
            <Grant permissions={lacking.map(({ permission }) => permission)} />
          ) : (
            <p>The service only reads.</p>
          )}
        </Step>
        <Step title="First audit of Email Threat Defense's app" state={audits && (audits.length ? "ok" : "to do")}>
          {audits?.length ? (
            <p>
              <Link to={to("audits")}>Show what the audit of {count(audits.length, "tenant")} found</Link>
            </p>
          ) : (
            <>
              <p>It says whether the app can remediate. It also runs on a schedule.</p>
              <AuditNow done={audited} />
            </>
          )}
        </Step>
        <Step
          title="Notifications"
          state={checks && (checks.notifications.channels ? checks.notifications.status : "optional")}
        >
          {checks?.notifications.channels ? (
            <>
              <p>{count(checks.notifications.channels, "channel")}. Send a test:</p>
              <Command text={TEST} />
            </>
          ) : (
            <p>
              To get notified of incidents in Teams, Slack or PagerDuty, by webhook or by mail, set{" "}
              <code>TRIAGE_NOTIFICATIONS</code> (docs/notifications.md).
            </p>
          )}
        </Step>
        <Step title="Feed from Email Threat Defense" state={found && (found[0]?.state ?? "optional")}>
          {found?.length ? (
            <p>
              <Link to={to("feeds")}>The service finds failures by itself</Link> in {count(found.length, "tenant")}.
            </p>
          ) : (
            <p>
              To let the service find failures automatically, set <code>ETD_APIS</code> (docs/connect.md).
            </p>
          )}
        </Step>
        <Step title="First failure" state="to do">
          <p>Send one for a mailbox that you know. Its finding is here a few seconds later.</p>
          <Command text={example(tenants[0]?.tenantId, tenants[0]?.domains[0])} />
          <p>A CSV file, such as an export of Email Threat Defense:</p>
          <Command text="etd-triage submit failures.csv" />
        </Step>
      </ol>
    </>
  );
}

function Step({ title, state, children }: { title: string; state: string | undefined; children: ComponentChildren }) {
  return (
    <li>
      <h2>
        {title}{" "}
        {state &&
          (state === "to do" || state === "optional" ? (
            <span class="muted">{state}</span>
          ) : (
            <StateMark state={state} />
          ))}
      </h2>
      {children}
    </li>
  );
}

/** The command that sends a failure. */
function example(tenantId: string | undefined, domain: string | undefined): string {
  const failure = {
    ...(tenantId && { tenantId }),
    mailbox: `adele@${domain ?? "contoso.com"}`,
    messageId: "first-test",
    error: "The Requested User is Invalid",
    action: "move",
    folder: "quarantine",
  };
  const key = signIn === "keys" ? ` -H "x-functions-key: $KEY"` : "";
  return `curl "${new URL("failures", ROOT)}"${key} -H "content-type: application/json" -d '${JSON.stringify(failure)}'`;
}
