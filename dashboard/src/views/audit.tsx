import { go, Link, to } from "../address";
import { get } from "../api";
import { useLoad } from "../load";
import { SeverityMark, StateMark, VerdictMark } from "../marks";
import { Empty, Fact, Heading, Shown, Steps } from "../parts";
import { count, TenantId, Time, Untrusted, words } from "../text";
import type { Audit } from "../wire";
import { AuditNow } from "./audits";

/** One audit: what is wrong and how it is mended, then everything that was read. */
export function AuditView({ id }: { id: string }) {
  const loaded = useLoad(`audit ${id}`, (signal) => get<Audit>(`audits/${encodeURIComponent(id)}`, undefined, signal));
  return (
    <>
      <p class="back">
        <Link to={to("audits")}>
          <span aria-hidden="true">← </span>App health
        </Link>
      </p>
      {!loaded.data && <Heading>Audit</Heading>}
      <Shown of={loaded} what="the audit">
        {(audit) => <Whole audit={audit} />}
      </Shown>
    </>
  );
}

function Whole({ audit }: { audit: Audit }) {
  const principal = Object.entries(audit.servicePrincipal ?? {}).filter(([, value]) => value !== null);
  return (
    <article>
      <Heading
        lead={
          <>
            <VerdictMark verdict={audit.verdict} /> as of <Time at={audit.auditedAt} />
          </>
        }
        aside={
          <AuditNow tenantId={audit.tenantId} done={([newest]) => newest && go(to("audits", { audit: newest.id }))} />
        }
      >
        Tenant <TenantId id={audit.tenantId} />
      </Heading>
      <section class="panel" aria-labelledby="issues-title">
        <h2 id="issues-title">{audit.issues.length ? "What to mend" : "Issues"}</h2>
        {audit.issues.length ? (
          audit.issues.map((issue) => (
            <section key={issue.code} class="issue">
              <p class="issue-title">
                <SeverityMark severity={issue.severity} /> <b>{words(issue.code)}</b>
              </p>
              <p>
                <Untrusted text={issue.summary} />
              </p>
              {issue.actions.length > 0 && <Steps actions={issue.actions} />}
            </section>
          ))
        ) : (
          <Empty title={audit.verdict === "unknown" ? "What decides could not be read" : "There are none"} />
        )}
      </section>
      <div class="grid-audit">
        <section class="panel" aria-labelledby="permissions-title">
          <h2 id="permissions-title">Permissions on Microsoft Graph</h2>
          {audit.permissions.length ? (
            <div class="scroll" tabIndex={0} role="group" aria-labelledby="permissions-title">
              <table>
                <thead>
                  <tr>
                    <th scope="col">Permission</th>
                    <th scope="col">Type</th>
                    <th scope="col">Need</th>
                    <th scope="col">State</th>
                    <th scope="col" class="figure">
                      Privilege level
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {audit.permissions.map((permission) => (
                    <tr key={`${permission.type} ${permission.name}`}>
                      <th scope="row">
                        <code>
                          <Untrusted text={permission.name} />
                        </code>
                      </th>
                      <td>{words(permission.type)}</td>
                      <td>{words(permission.need)}</td>
                      <td>
                        <StateMark state={permission.state} />
                      </td>
                      <td class="figure">{permission.privilegeLevel ?? <span class="muted">–</span>}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          ) : (
            <Empty title="None were read" />
          )}
        </section>
        <div class="column-stack">
          <section class="panel" aria-labelledby="drift-title">
            <h2 id="drift-title">Changes</h2>
            <Changes audit={audit} />
          </section>
          <section class="panel" aria-labelledby="credentials-title">
            <h2 id="credentials-title">Credentials</h2>
            {audit.credentials.length ? (
              <ul class="plain">
                {audit.credentials.map((credential, index) => (
                  <li key={index}>
                    <p>
                      <StateMark state={credential.state} /> {words(credential.kind)}
                      {credential.displayName && (
                        <>
                          {" "}
                          <Untrusted text={credential.displayName} />
                        </>
                      )}
                    </p>
                    {credential.endDateTime && (
                      <p class="muted">
                        {(credential.daysLeft ?? 0) < 0 ? "Ended " : "Ends "}
                        <Time at={credential.endDateTime} />
                        {credential.daysLeft !== null &&
                          credential.daysLeft >= 0 &&
                          `, ${count(credential.daysLeft, "day")} left`}
                      </p>
                    )}
                  </li>
                ))}
              </ul>
            ) : (
              <Empty title="None to see here">
                They belong to the app’s registration, which may be in another tenant.
              </Empty>
            )}
          </section>
          {audit.unreadable.length > 0 && (
            <section class="panel" aria-labelledby="unreadable-title">
              <h2 id="unreadable-title">What could not be read</h2>
              <ul class="plain">
                {audit.unreadable.map((question) => (
                  <li key={question.question}>
                    {words(question.question)}: {words(question.reason).toLowerCase()}
                    {question.permission && (
                      <>
                        , the triage identity lacks <code>{question.permission}</code>
                      </>
                    )}
                  </li>
                ))}
              </ul>
            </section>
          )}
          <section class="panel" aria-labelledby="app-title">
            <h2 id="app-title">The app</h2>
            <dl class="facts stacked">
              <Fact name="App id">{audit.etdAppId && <code class="id">{audit.etdAppId}</code>}</Fact>
              <Fact name="Mode">{words(audit.mode)}</Fact>
              {principal.map(([name, value]) => (
                <Fact key={name} name={name}>
                  <Untrusted text={String(value)} />
                </Fact>
              ))}
            </dl>
          </section>
        </div>
      </div>
    </article>
  );
}

function Changes({ audit }: { audit: Audit }) {
  const { drift } = audit;
  if (!drift) return <Empty title="The first audit of this tenant" />;
  const kinds = [
    ["Granted", drift.granted],
    ["Revoked", drift.revoked],
    ["Changed", drift.changed],
  ] as const;
  if (kinds.every(([, names]) => !names.length)) {
    return (
      <p>
        None since <Link to={to("audits", { audit: drift.since })}>the audit before</Link>.
      </p>
    );
  }
  return (
    <>
      <dl class="facts stacked">
        {kinds.map(
          ([name, names]) =>
            names.length > 0 && (
              <Fact key={name} name={name}>
                <span class="drift">
                  {names.map((one) => (
                    <code key={one}>
                      <Untrusted text={one} />
                    </code>
                  ))}
                </span>
              </Fact>
            ),
        )}
      </dl>
      <p class="muted">
        Since <Link to={to("audits", { audit: drift.since })}>the audit before</Link>.
      </p>
    </>
  );
}
