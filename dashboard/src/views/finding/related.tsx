import { get } from "../../api";
import { Copy } from "../../copy";
import { announce } from "../../live";
import { useLoad } from "../../load";
import { ReachMark, WorkMark } from "../../marks";
import { Link, to } from "../../router";
import { useTenantName } from "../../tenants";
import { count, Time, title, Untrusted } from "../../text";
import { findingTicket } from "../../ticket";
import type { Finding, FindingSummary, Incident, Page } from "../../wire";

const SHOWN = 5;

/** What belongs to a finding: its incident, the same message elsewhere, and the other findings of the mailbox. */
export function Related({ finding }: { finding: Finding }) {
  const { mailbox, internetMessageId } = finding.failure;
  const tenant = useTenantName(finding.tenantId);
  const notAllowed = () => {
    announce("The browser does not allow copying.");
    return "Copying is not allowed";
  };
  return (
    <section class="panel" aria-labelledby="related-title">
      <div class="panel-head">
        <h2 id="related-title">Related</h2>
        <Copy class="small" text={() => findingTicket(finding, tenant)} what="text" otherwise={notAllowed}>
          Copy for a ticket
        </Copy>
      </div>
      <OfIncident id={finding.incidentId} />
      {internetMessageId && (
        <Others
          title="This message elsewhere"
          all="All findings of this message"
          filter={{ internetMessageId }}
          but={(other) => other.failure.mailbox === mailbox}
          text={(other) => other.failure.mailbox}
        />
      )}
      <Others
        title="This mailbox"
        all="All findings of this mailbox"
        filter={{ mailbox }}
        but={({ id }) => id === finding.id}
        text={(other) => other.failure.subject}
      />
    </section>
  );
}

interface OthersProps {
  title: string;
  /** What the link to all of them says. */
  all: string;
  filter: Record<string, string>;
  /** Those that are not listed. */
  but: (finding: FindingSummary) => boolean;
  /** What tells them apart, if they have it. */
  text: (finding: FindingSummary) => string | null;
}

/** Some other findings that have something in common with one. Nothing if there are none. */
function Others({ title: heading, all, filter, but, text }: OthersProps) {
  const asked = to(null, { ...filter, fields: "summary", top: String(SHOWN + 1) });
  const same = useLoad(`same ${asked}`, (signal) => get<Page<FindingSummary>>("findings", asked, signal));
  const others = same.data?.value.filter((other) => !but(other)).slice(0, SHOWN) ?? [];
  if (!others.length) return null;
  return (
    <>
      <h3>{heading}</h3>
      <ul class="plain related">
        {others.map((other) => (
          <li key={other.id}>
            <Link to={to("findings", { finding: other.id })}>
              <Untrusted text={text(other) ?? title(other.cause)} />
            </Link>
            <small class="block">
              <ReachMark exposed={other.exposed} /> <Time at={other.occurredAt} />
            </small>
          </li>
        ))}
      </ul>
      <p>
        <Link to={to("findings", filter)}>{all}</Link>
      </p>
    </>
  );
}

/** The incident of a finding. One that was just triaged has none for a moment. */
function OfIncident({ id }: { id: string }) {
  const loaded = useLoad(`incident ${id}`, (signal) => get<Incident>(`incidents/${id}`, undefined, signal));
  const incident = loaded.data;
  if (!incident) return null;
  return (
    <>
      <h3>Incident</h3>
      <p>
        <Link to={to(null, { incident: id })}>
          <Untrusted text={incident.title} />
        </Link>
        <small class="block">
          <WorkMark state={incident.state} /> {count(incident.findings, "finding")} in{" "}
          {count(incident.mailboxes, "mailbox", "mailboxes")}
        </small>
      </p>
    </>
  );
}
