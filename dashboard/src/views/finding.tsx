import type { ComponentChildren } from "preact";
import { get } from "../api";
import { useLoad } from "../load";
import { ConfidenceMark, ReachMark, SeverityMark } from "../marks";
import { Empty, Fact, Heading } from "../parts";
import { Link } from "../router";
import { Shown } from "../shown";
import { Steps } from "../steps";
import { count, list, TenantId, Time, title, Untrusted, words } from "../text";
import { CouldNotBeRead } from "../unread";
import type { Cause, Check, Finding } from "../wire";
import { Checks } from "./finding/checks";
import { Retriage } from "./finding/retriage";

/** One finding: where the message is, what to do, and the evidence. */
export function FindingView({ id, parameters }: { id: string; parameters: URLSearchParams }) {
  const key = `finding ${id}`;
  const path = `findings/${encodeURIComponent(id)}`;
  const loaded = useLoad(key, (signal) => get<Finding>(path, undefined, signal));
  const back = new URLSearchParams(parameters);
  back.delete("finding");
  return (
    <>
      <p class="back">
        <Link to={back}>
          <span aria-hidden="true">← </span>Findings
        </Link>
      </p>
      {!loaded.data && <Heading tab="Finding">Finding</Heading>}
      <Shown of={loaded} what="the finding">
        {(finding) => (
          <Whole
            finding={finding}
            retriage={<Retriage finding={finding} path={path} cacheKey={key} done={loaded.reload} />}
          />
        )}
      </Shown>
    </>
  );
}

function Whole({ finding, retriage }: { finding: Finding; retriage: ComponentChildren }) {
  const { failure } = finding;
  return (
    <article>
      <Heading
        tab={`${failure.mailbox}: ${title(finding.cause)}`}
        lead={<Untrusted text={finding.summary} />}
        aside={retriage}
      >
        {title(finding.cause)}
      </Heading>
      <dl class="headline">
        <div>
          <dt>Mailbox</dt>
          <dd>
            <b>
              <Untrusted text={failure.mailbox} />
            </b>
            {failure.subject && (
              <small>
                <Untrusted text={failure.subject} />
              </small>
            )}
          </dd>
        </div>
        <div class={finding.exposed ? "exposed" : undefined}>
          <dt>Message</dt>
          <dd>
            <ReachMark exposed={finding.exposed} />
            <Place finding={finding} />
          </dd>
        </div>
        <div>
          <dt>Severity</dt>
          <dd>
            <SeverityMark severity={finding.severity} />
          </dd>
        </div>
        <div>
          <dt>Confidence</dt>
          <dd>
            <ConfidenceMark confidence={finding.confidence} whole />
            {finding.alternatives.map((cause) => (
              <small key={cause}>Or: {title(cause)}</small>
            ))}
          </dd>
        </div>
        <div>
          <dt>Last triaged</dt>
          <dd>
            <Time at={finding.triagedAt} />
            <small>
              <Time at={finding.triagedAt} relative />
            </small>
          </dd>
        </div>
      </dl>
      <div class="grid-finding">
        <div>
          <section class="panel" aria-labelledby="todo-title">
            <h2 id="todo-title">What to do</h2>
            {finding.actions.length ? <Steps actions={finding.actions} /> : <Empty title="Nothing to do" />}
          </section>
          <section class="panel" aria-labelledby="checks-title">
            <h2 id="checks-title">Evidence</h2>
            {finding.checks.length ? <Checks checks={finding.checks} /> : <Empty title="Nothing was read" />}
          </section>
        </div>
        <aside aria-label="The reported failure">
          <Failure finding={finding} />
          <AlsoFound causes={finding.alsoSeen} />
          <CouldNotBeRead
            all={finding.reasons.map((lack) => ({ ...lack, what: questionOf(lack.check, finding.checks) }))}
          />
        </aside>
      </div>
    </article>
  );
}

/** Where the message is. */
function Place({ finding }: { finding: Finding }) {
  const { location, folder, isRead, copies, lookedAt } = finding.message;
  const details = [
    words(location),
    folder && folder.toLowerCase() !== words(location).toLowerCase() ? <Untrusted text={folder} /> : null,
    isRead === true ? <strong class="warn">read</strong> : isRead === false ? "unread" : null,
    copies > 1 ? count(copies, "copy", "copies") : null,
    lookedAt !== null && lookedAt !== finding.triagedAt ? (
      <>
        last seen <Time at={lookedAt} />
      </>
    ) : null,
  ].filter((detail) => detail !== null);
  return <small>{list(details)}</small>;
}

function Failure({ finding }: { finding: Finding }) {
  const { failure, classifiedBy } = finding;
  const text = (value: string | null) => value && <Untrusted text={value} />;
  return (
    <section class="panel" aria-labelledby="failure-title">
      <h2 id="failure-title">The failure</h2>
      <dl class="facts stacked">
        <Fact name="Mailbox">{text(failure.mailbox)}</Fact>
        <Fact name="Subject">{text(failure.subject)}</Fact>
        <Fact name="Error">{text(failure.error)}</Fact>
        <Fact name="Error code">{text(failure.errorCode)}</Fact>
        <Fact name="Reported as">
          {words(finding.scenario)}
          {classifiedBy !== "none" && <small> (from the {words(classifiedBy).toLowerCase()})</small>}
        </Fact>
        <Fact name="Remediation">{text(remediation(finding))}</Fact>
        <Fact name="Verdict">{text(failure.verdict)}</Fact>
        <Fact name="Occurred">
          <Time at={finding.occurredAt} />
        </Fact>
        <Fact name="Received">
          <Time at={finding.firstSeen} />
          {finding.deliveries > 1 && (
            <small>
              {" "}
              ({count(finding.deliveries, "delivery", "deliveries")}, most recently <Time at={finding.lastSeen} />)
            </small>
          )}
        </Fact>
        <Fact name="Next look">{finding.nextLookAt && <Time at={finding.nextLookAt} />}</Fact>
        <Fact name="Internet message ID">{text(failure.internetMessageId)}</Fact>
        <Fact name="Email Threat Defense message ID">{text(failure.messageId)}</Fact>
        <Fact name="Tenant">
          <TenantId id={finding.tenantId} />
        </Fact>
        <Fact name="Cause ID">
          <code class="id">{finding.cause}</code>
        </Fact>
        <Fact name="Finding ID">
          <code class="id">{finding.id}</code>
        </Fact>
      </dl>
      {Object.keys(failure.raw).length > 0 && (
        <details>
          <summary>Other fields of the event</summary>
          <pre tabIndex={0} role="group" aria-label="Other fields of the event">
            <Untrusted text={JSON.stringify(failure.raw, null, 2)} />
          </pre>
        </details>
      )}
    </section>
  );
}

function remediation(finding: Finding): string {
  const { action, folder, initiator } = finding.failure;
  return [action, folder && `to ${folder}`, initiator && `(${initiator})`].filter(Boolean).join(" ");
}

/** What else would make the next try fail. */
function AlsoFound({ causes }: { causes: Cause[] }) {
  if (!causes.length) return null;
  return (
    <section class="panel" aria-labelledby="also-title">
      <h2 id="also-title">Also found</h2>
      <p>This would make the next try fail, too:</p>
      <ul class="plain tight">
        {causes.map((cause) => (
          <li key={cause}>{title(cause)}</li>
        ))}
      </ul>
    </section>
  );
}

/** The question of a check; its name if the check was not asked. */
function questionOf(id: string, checks: Check[]): string {
  return checks.find((check) => check.id === id)?.question ?? words(id);
}
