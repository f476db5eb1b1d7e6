import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Link } from "../address";
import { ApiError, get, post } from "../api";
import { announce } from "../live";
import { denied, keep, useLoad } from "../load";
import { ConfidenceMark, OutcomeMark, ReachMark, SeverityMark } from "../marks";
import { Confirm, Empty, Fact, Heading, Problem, Shown, Steps } from "../parts";
import { count, list, TenantId, Time, Untrusted, words } from "../text";
import type { Check, Finding } from "../wire";

const LOOK_EVERY_MS = 1500;
const LOOK_FOR_MS = 60_000; // a triage ends within that time

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
      {!loaded.data && <Heading>Finding</Heading>}
      <Shown of={loaded} what="the finding">
        {(finding) => (
          <Story
            finding={finding}
            again={<Retriage finding={finding} path={path} cacheKey={key} done={loaded.reload} />}
          />
        )}
      </Shown>
    </>
  );
}

function Story({ finding, again }: { finding: Finding; again: ComponentChildren }) {
  const { failure } = finding;
  return (
    <article>
      <Heading lead={<Untrusted text={finding.summary} />} aside={again}>
        {words(finding.cause)}
      </Heading>
      <dl class="headline">
        <div class={finding.exposed ? "exposed" : undefined}>
          <dt>The message</dt>
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
          <dt>How sure</dt>
          <dd>
            <ConfidenceMark confidence={finding.confidence} whole />
            {finding.alternatives.length > 0 && <small>Or: {list(finding.alternatives.map(words))}</small>}
          </dd>
        </div>
        <div>
          <dt>Looked at</dt>
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
            {finding.actions.length ? <Steps actions={finding.actions} /> : <Empty title="There is nothing to do" />}
          </section>
          <section class="panel" aria-labelledby="checks-title">
            <h2 id="checks-title">How this was found</h2>
            {finding.checks.length ? (
              <ol class="checks">
                {finding.checks.map((check, index) => (
                  <CheckStory key={index} check={check} />
                ))}
              </ol>
            ) : (
              <Empty title="Nothing was asked" />
            )}
          </section>
        </div>
        <aside aria-label="The failure as it was reported">
          <section class="panel" aria-labelledby="failure-title">
            <h2 id="failure-title">The failure</h2>
            <dl class="facts stacked">
              <Fact name="Mailbox">
                <Untrusted text={failure.mailbox} />
              </Fact>
              <Fact name="Subject">{failure.subject && <Untrusted text={failure.subject} />}</Fact>
              <Fact name="Error">{failure.error && <Untrusted text={failure.error} />}</Fact>
              <Fact name="Error code">{failure.errorCode && <Untrusted text={failure.errorCode} />}</Fact>
              <Fact name="Reported as">
                {words(finding.scenario)} <small>({words(finding.classifiedBy).toLowerCase()})</small>
              </Fact>
              <Fact name="Remediation">{remediation(finding) && <Untrusted text={remediation(finding)} />}</Fact>
              <Fact name="Verdict">{failure.verdict && <Untrusted text={failure.verdict} />}</Fact>
              <Fact name="Happened">
                <Time at={finding.occurredAt} />
              </Fact>
              <Fact name="Received">
                <Time at={finding.firstSeen} />
                {finding.deliveries > 1 && (
                  <small>
                    {" "}
                    and again, {count(finding.deliveries, "delivery", "deliveries")} in all, last{" "}
                    <Time at={finding.lastSeen} />
                  </small>
                )}
              </Fact>
              <Fact name="Internet message id">
                {failure.internetMessageId && <Untrusted text={failure.internetMessageId} />}
              </Fact>
              <Fact name="Email Threat Defense’s message id">
                {failure.messageId && <Untrusted text={failure.messageId} />}
              </Fact>
              <Fact name="Tenant">
                <TenantId id={finding.tenantId} />
              </Fact>
              <Fact name="Finding">
                <code class="id">{finding.id}</code>
              </Fact>
            </dl>
            {Object.keys(failure.raw).length > 0 && (
              <details>
                <summary>Further fields of the event</summary>
                <pre tabIndex={0} role="group" aria-label="Further fields">
                  <Untrusted text={JSON.stringify(failure.raw, null, 2)} />
                </pre>
              </details>
            )}
          </section>
          {(finding.alsoSeen.length > 0 || finding.reasons.length > 0) && (
            <section class="panel" aria-labelledby="also-title">
              <h2 id="also-title">Mind as well</h2>
              {finding.alsoSeen.length > 0 && (
                <p>
                  This too would fail the next try: <b>{list(finding.alsoSeen.map(words))}</b>.
                </p>
              )}
              {finding.reasons.map((reason, index) => (
                <p key={index}>
                  Not read: {words(reason.check).toLowerCase()}, since it was {words(reason.reason).toLowerCase()}
                  {reason.permission && (
                    <>
                      {" "}
                      (the triage identity lacks <code>{reason.permission}</code>)
                    </>
                  )}
                  .
                </p>
              ))}
            </section>
          )}
        </aside>
      </div>
    </article>
  );
}

function Place({ finding }: { finding: Finding }) {
  const { location, folder, isRead, copies } = finding.message;
  const details = [
    words(location),
    folder && folder.toLowerCase() !== words(location).toLowerCase() ? <Untrusted text={folder} /> : null,
    isRead === true ? <strong class="warn">it was read</strong> : isRead === false ? "unread" : null,
    copies > 1 ? count(copies, "copy", "copies") : null,
  ].filter((detail) => detail !== null);
  return <small>{list(details)}</small>;
}

function remediation(finding: Finding): string {
  const { action, folder, initiator } = finding.failure;
  return [action, folder && `to ${folder}`, initiator && `(${initiator})`].filter(Boolean).join(" ");
}

function CheckStory({ check }: { check: Check }) {
  const observed = Object.entries(check.observed);
  return (
    <li class={`check check-${check.outcome}`}>
      <p class="question">
        <span>{check.question}</span> <OutcomeMark outcome={check.outcome} question={check.question} />
      </p>
      {check.reason && (
        <p>
          {words(check.reason)}
          {check.permission && (
            <>
              : the triage identity lacks <code>{check.permission}</code>
            </>
          )}
          .
        </p>
      )}
      {observed.length > 0 && (
        <dl class="observed">
          {observed.map(([name, value]) => (
            <div key={name}>
              <dt>{name === "why" ? "Why" : <Untrusted text={name} />}</dt>
              <dd>
                <Untrusted text={shown(value)} />
              </dd>
            </div>
          ))}
        </dl>
      )}
      {check.request && <Asked check={check} request={check.request} />}
    </li>
  );
}

/** What was asked of Graph: the path and what came back, the whole request when it is wanted. */
function Asked({ check, request }: { check: Check; request: string }) {
  const [path = ""] = request.split("?");
  const answer = [check.status, check.errorCode].filter((part) => part !== null).join(" ");
  return (
    <details class="request">
      <summary>
        <code>
          <Untrusted text={path} />
        </code>
        {answer && (
          <>
            {" → "}
            <Untrusted text={answer} />
          </>
        )}
      </summary>
      <pre tabIndex={0} role="group" aria-label="Request">
        <Untrusted text={request} />
      </pre>
    </details>
  );
}

/** A value that was seen, as a person reads it. */
function shown(value: unknown): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.length ? value.map(shown).join(", ") : "none";
  if (typeof value === "boolean") return value ? "yes" : "no";
  return JSON.stringify(value);
}

type Trying = "no" | "asking" | "waiting" | "late";

function Retriage({
  finding,
  path,
  cacheKey,
  done,
}: {
  finding: Finding;
  path: string;
  cacheKey: string;
  done: () => void;
}) {
  const [trying, set] = useState<Trying>("no");
  const [error, setError] = useState<ApiError>();
  const stop = useRef(new AbortController());
  useEffect(() => () => stop.current.abort(), []);

  const start = async () => {
    setError(undefined);
    set("waiting");
    announce("Triage was asked for again.");
    try {
      await post(`${path}/retriage`, {});
      const newer = await look(path, finding.triagedAt, stop.current.signal);
      if (stop.current.signal.aborted) return;
      if (newer) {
        keep(cacheKey, newer);
        done();
        announce(`It was triaged again: ${words(newer.cause)}.`);
      } else announce("There is no new result yet.");
      set(newer ? "no" : "late");
    } catch (reason) {
      if (stop.current.signal.aborted) return;
      denied(reason);
      set("no");
      setError(reason instanceof ApiError ? reason : new ApiError(0, String(reason)));
    }
  };
  return (
    <div class="do">
      <button type="button" class="primary" disabled={trying === "waiting"} onClick={() => set("asking")}>
        {trying === "waiting" ? "Triaging…" : "Triage again"}
      </button>
      {trying === "late" && <p class="muted">No new result yet. It may still come: refresh later.</p>}
      {error && <Problem error={error} what="the request" />}
      {trying === "asking" && (
        <Confirm
          title="Triage this failure again?"
          yes="Triage again"
          onYes={() => void start()}
          onNo={() => set((now) => (now === "asking" ? "no" : now))}
        >
          All evidence is read afresh from Microsoft Graph, and the finding is replaced. Nothing is changed in the
          tenant.
        </Confirm>
      )}
    </div>
  );
}

/** The finding, once it was triaged after `before`; null when that took too long. */
async function look(path: string, before: string, signal: AbortSignal): Promise<Finding | null> {
  const end = Date.now() + LOOK_FOR_MS;
  while (Date.now() < end && !signal.aborted) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    if (signal.aborted) return null;
    try {
      const found = await get<Finding>(path, undefined, signal);
      if (found.triagedAt > before) return found;
    } catch (reason) {
      // One answer that fails does not end the wait; a key that is no longer good does.
      if (!(reason instanceof ApiError) || reason.status === 401 || reason.status === 403) throw reason;
    }
  }
  return null;
}
