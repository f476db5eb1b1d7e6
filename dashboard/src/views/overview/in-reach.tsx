import { Empty } from "../../parts";
import { Link } from "../../router";
import { count, list, number, Time, Untrusted, words } from "../../text";
import type { Finding, Page } from "../../wire";

const READ = 200;
const MAX_MAILBOXES = 10;

/** The parameters that ask for the findings whose message can still be opened. */
export function inReach(within: URLSearchParams): URLSearchParams {
  const parameters = new URLSearchParams(within);
  parameters.set("exposed", "true");
  parameters.set("top", String(READ));
  return parameters;
}

interface Mailbox {
  name: string;
  failures: number;
  messages: Set<string>;
  locations: Set<string>;
  read: boolean;
  newest: string;
  checked: string;
}

/** The messages that can still be opened, by mailbox; most messages first. */
function byMailbox(findings: Finding[]): Mailbox[] {
  const found = new Map<string, Mailbox>();
  for (const finding of findings) {
    const { mailbox, internetMessageId, messageId } = finding.failure;
    const one = found.get(mailbox) ?? {
      name: mailbox,
      failures: 0,
      messages: new Set<string>(),
      locations: new Set<string>(),
      read: false,
      newest: finding.occurredAt,
      checked: finding.triagedAt,
    };
    one.failures += 1;
    one.messages.add(internetMessageId ?? messageId ?? finding.id);
    one.locations.add(finding.message.location);
    one.read ||= finding.message.isRead === true;
    if (finding.triagedAt < one.checked) one.checked = finding.triagedAt;
    found.set(mailbox, one);
  }
  return [...found.values()].sort(
    (a, b) => b.messages.size - a.messages.size || b.failures - a.failures || b.newest.localeCompare(a.newest),
  );
}

interface InReachProps {
  page: Page<Finding>;
  /** How many there are in all, if that is known yet. */
  total: number | undefined;
  /** The findings of the same period, with these filters. */
  same: (values: Record<string, string>) => URLSearchParams;
  inPeriod: string;
}

export function InReach({ page, total, same, inPeriod }: InReachProps) {
  const mailboxes = byMailbox(page.value);
  const read = mailboxes.filter((mailbox) => mailbox.read).length;
  if (!page.value.length && !total) {
    return (
      <Empty title="No message is in reach">
        As far as triage could see, no failed remediation {inPeriod} left a message that its recipient can still open.
      </Empty>
    );
  }
  const partial = page.nextLink !== undefined;
  const amount = total ?? page.value.length;
  const remediations = amount === 1 ? "failed remediation" : "failed remediations";
  return (
    <>
      <p class="figure-line">
        <Link to={same({ exposed: "true" })} class="big-figure">
          {number(amount)}
          {total === undefined && partial ? "+" : ""}
        </Link>
        <span>
          {remediations} {inPeriod} left a message that its recipient can still open
          {partial
            ? `. Mailboxes of the newest ${number(page.value.length)}:`
            : `, in ${count(mailboxes.length, "mailbox", "mailboxes")}.`}
          {read > 0 && !partial && ` In ${count(read, "mailbox", "mailboxes")}, a message was read.`}
        </span>
      </p>
      <div class="scroll">
        <table class="compact" role="table">
          <thead>
            <tr>
              <th scope="col">Mailbox</th>
              <th scope="col" class="figure">
                Messages
              </th>
              <th scope="col" class="figure extra">
                Failures
              </th>
              <th scope="col">Location</th>
              <th scope="col">Read</th>
              <th scope="col" class="extra">
                Checked
              </th>
            </tr>
          </thead>
          <tbody>
            {mailboxes.slice(0, MAX_MAILBOXES).map((mailbox) => (
              <tr key={mailbox.name}>
                <th scope="row">
                  <Link to={same({ exposed: "true", mailbox: mailbox.name })}>
                    <Untrusted text={mailbox.name} />
                  </Link>
                </th>
                <td class="figure">{number(mailbox.messages.size)}</td>
                <td class="figure extra">{number(mailbox.failures)}</td>
                <td>{list([...mailbox.locations].map(words))}</td>
                <td>{mailbox.read ? <strong class="warn">Yes</strong> : "No"}</td>
                <td class="muted extra">
                  <Time at={mailbox.checked} relative />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {(mailboxes.length > MAX_MAILBOXES || partial) && (
        <p class="more">
          <Link to={same({ exposed: "true" })}>Show all {count(amount, "finding")} in reach</Link>
        </p>
      )}
    </>
  );
}
