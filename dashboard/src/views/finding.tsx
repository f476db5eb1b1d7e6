import type { ComponentChildren } from "preact";
import { get } from "../api";
import { useLoad } from "../load";
import { ConfidenceMark, ReachMark, SeverityMark, WorkMark } from "../marks";
import { Empty, Fact, Heading } from "../parts";
import { Sentence, sentence } from "../sentence";
import { Shown } from "../shown";
import { Steps } from "../steps";
import { TenantLink } from "../tenants";
import { count, duration, list, TenantId, Time, title, Untrusted, words } from "../text";
import { CouldNotBeRead } from "../unread";
import { Within } from "../within";
import type { Cause, Check, Finding, Resolution, TimeInReach } from "../wire";
import { exposureIds } from "./exposures";
import { Checks } from "./finding/checks";
import { Related } from "./finding/related";
import { Retriage } from "./finding/retriage";
import { findingIds } from "./findings";

/** One finding: where the message is, why, what to do, and the evidence. */
export function FindingView({ id, parameters }: { id: string; parameters: URLSearchParams }) {
  const key = `finding ${id}`;
  const path = `findings/${encodeURIComponent(id)}`;
  const loaded = useLoad(key, (signal) => get<Finding>(path, undefined, signal));
  const inReach = parameters.get("view") === "exposures"; // the list that the reader came from
  return (
    <>
      <Within
        item="finding"
        view={inReach ? "exposures" : "findings"}
        label={inReach ? "Messages in reach" : "Findings"}
        parameters={parameters}
        ids={inReach ? exposureIds : findingIds}
        reload={loaded.reload}
      />
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
  const [first, ...others] = finding.checks;
  return (
    <article>
      <Heading tab={sentence(finding)} lead={<Untrusted text={finding.summary} />} aside={retriage}>
        <Sentence of={finding} />
      </Heading>
      <dl class="headline">
        <div class={finding.exposed ? "exposed" : undefined}>
          <dt>Message</dt>
          <dd>
            <ReachMark exposed={finding.exposed} />
            <Place finding={finding} />
          </dd>
        </div>
        <div>
          <dt>State</dt>
          <dd>
            <WorkMark state={finding.state} />
            <Since finding={finding} />
          </dd>
        </div>
        <div>
          <dt>Severity</dt>
          <dd>
            <SeverityMark severity={finding.severity} />
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
          <section class="panel" aria-labelledby="why-title">
            <h2 id="why-title">Why</h2>
            <p class="why">
              <b>{title(finding.cause)}</b> <ConfidenceMark confidence={finding.confidence} whole />
            </p>
            {finding.alternatives.length > 0 && (
              <p class="muted">
                Other possible causes: {finding.alternatives.map((cause) => title(cause)).join("; ")}.
              </p>
            )}
            {first ? <Checks checks={[first]} /> : <Empty title="Nothing was read" />}
            {others.length > 0 && (
              <details class="evidence">
                <summary>All evidence: {count(others.length, "more check")}</summary>
                <Checks checks={others} />
              </details>
            )}
          </section>
          <section class="panel" aria-labelledby="todo-title">
            <h2 id="todo-title">What to do</h2>
            {finding.actions.length ? <Steps actions={finding.actions} /> : <Empty title="Nothing to do" />}
          </section>
          <History finding={finding} />
        </div>
        <aside aria-label="More about the failure">
          <Related finding={finding} />
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

const RESOLUTIONS: Record<Resolution, string> = {
  remediated: "the message is where the remediation should have put it",
  out_of_reach: "nobody can open the message",
  nothing_to_do: "there is no mailbox to remediate",
  by_hand: "by a person",
};

/** Since when the finding is resolved and why, or when it is looked at again. */
function Since({ finding: { resolvedAt, resolution, nextLookAt, looks, timeInReach } }: { finding: Finding }) {
  if (resolvedAt) {
    return (
      <small>
        <Time at={resolvedAt} />
        {resolution && `: ${RESOLUTIONS[resolution]}`}
        {timeInReach && `. It was in reach for ${span(timeInReach)}`}
      </small>
    );
  }
  return (
    <small>
      {count(looks, "look")}
      {nextLookAt && (
        <>
          , the next one <Time at={nextLookAt} relative />
        </>
      )}
    </small>
  );
}

function span({ atLeast, atMost }: TimeInReach): string {
  const [least, most] = [duration(atLeast), duration(atMost)];
  return least === most ? least : `${least} to ${most}`;
}

/** What changed from look to look, the newest first. */
function History({ finding: { history } }: { finding: Finding }) {
  if (!history.length) return null;
  return (
    <section class="panel" aria-labelledby="history-title">
      <h2 id="history-title">History</h2>
      <ol class="log">
        {history.toReversed().map((entry, index) => (
          <li key={index}>
            <Time at={entry.at} />
            <span>
              <WorkMark state={entry.state} /> <ReachMark exposed={entry.exposed} />
            </span>
            <span>
              {title(entry.cause)} <small>{words(entry.location)}</small>
            </span>
          </li>
        ))}
      </ol>
    </section>
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
        <Fact name="Internet message ID">{text(failure.internetMessageId)}</Fact>
        <Fact name="Email Threat Defense message ID">{text(failure.messageId)}</Fact>
        <Fact name="Tenant">
          <TenantLink id={finding.tenantId} />
        </Fact>
        <Fact name="Tenant ID">
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
