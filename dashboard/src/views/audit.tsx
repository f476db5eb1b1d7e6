import { get } from "../api";
import { AuditNow } from "../audit-now";
import { Grant } from "../grant";
import { useLoad } from "../load";
import { SeverityMark, StateMark, VerdictMark } from "../marks";
import { Empty, Fact, Heading } from "../parts";
import { go, Link, to, UpLink } from "../router";
import { Shown } from "../shown";
import { Steps } from "../steps";
import { TenantLink, useTenantName } from "../tenants";
import { count, TenantId, Time, title, Untrusted, valueText, Why, words } from "../text";
import { CouldNotBeRead } from "../unread";
import type { Audit, AuditedCredential, AuditedPermission, Change, Unreadable } from "../wire";

/** One audit: what is wrong and how to fix it, and then everything that was read. */
export function AuditView({ id }: { id: string }) {
  const loaded = useLoad(`audit ${id}`, (signal) => get<Audit>(`audits/${encodeURIComponent(id)}`, undefined, signal));
  return (
    <>
      <UpLink to={to("audits")}>App health</UpLink>
      {!loaded.data && <Heading tab="Audit">Audit</Heading>}
      <Shown of={loaded} what="the audit">
        {(audit) => <Whole audit={audit} />}
      </Shown>
    </>
  );
}

function Whole({ audit }: { audit: Audit }) {
  const name = useTenantName(audit.tenantId);
  return (
    <article>
      <Heading
        tab={`Audit of ${name}`}
        lead={
          <>
            <VerdictMark verdict={audit.verdict} /> as of <Time at={audit.auditedAt} />
          </>
        }
        aside={
          <AuditNow tenantId={audit.tenantId} done={([newest]) => newest && go(to("audits", { audit: newest.id }))} />
        }
      >
        <TenantLink id={audit.tenantId} />
      </Heading>
      <Issues audit={audit} />
      <div class="grid-audit">
        <section class="panel" aria-labelledby="permissions-title">
          <h2 id="permissions-title">Permissions on Microsoft Graph</h2>
          {audit.permissions.length ? (
            <>
              <Permissions permissions={audit.permissions} />
              <p class="more muted">
                The privilege level is Microsoft's. From 4 on, an app with the permission can take over the tenant, or
                much of what is in it.
              </p>
            </>
          ) : (
            <Empty title="No permissions were read" />
          )}
        </section>
        <div class="column-stack">
          <section class="panel" aria-labelledby="drift-title">
            <h2 id="drift-title">Changes</h2>
            <Changes audit={audit} />
          </section>
          <section class="panel" aria-labelledby="credentials-title">
            <h2 id="credentials-title">Credentials</h2>
            <Credentials credentials={audit.credentials} />
          </section>
          <CouldNotBeRead all={audit.unreadable.map((lack) => ({ ...lack, what: lack.question }))} />
          <section class="panel" aria-labelledby="app-title">
            <h2 id="app-title">App</h2>
            <dl class="facts stacked">
              <Fact name="Tenant ID">
                <TenantId id={audit.tenantId} />
              </Fact>
              <Fact name="App ID">{audit.etdAppId && <code class="id">{audit.etdAppId}</code>}</Fact>
              <Fact name="Mode">{words(audit.mode)}</Fact>
              {Object.entries(audit.servicePrincipal ?? {}).map(
                ([name, value]) =>
                  value !== null && (
                    <Fact key={name} name={words(name)}>
                      <Untrusted text={valueText(value)} />
                    </Fact>
                  ),
              )}
            </dl>
          </section>
        </div>
      </div>
    </article>
  );
}

function Issues({ audit: { issues, verdict, unreadable } }: { audit: Audit }) {
  return (
    <section class="panel" aria-labelledby="issues-title">
      <h2 id="issues-title">{issues.length || verdict === "unknown" ? "What to fix" : "Issues"}</h2>
      {issues.map((issue) => (
        <section key={issue.code} class="issue">
          <p class="issue-title">
            <SeverityMark severity={issue.severity} /> <b>{title(issue.code)}</b>
          </p>
          <p>
            <Untrusted text={issue.summary} />
          </p>
          {issue.actions.length > 0 && <Steps actions={issue.actions} />}
        </section>
      ))}
      {!issues.length && (verdict === "unknown" ? <Unknown unread={unreadable} /> : <Empty title="No issues" />)}
    </section>
  );
}

/** What to do where needed answers could not be read. */
function Unknown({ unread }: { unread: Unreadable[] }) {
  const permissions = unread.flatMap(({ permission }) => permission ?? []);
  const reasons = new Set(unread.filter(({ permission }) => !permission).map(({ reason }) => reason));
  return (
    <>
      <p>
        <strong>The state could not be determined,</strong> because needed answers could not be read. They are listed
        below.
      </p>
      {[...reasons].map((reason) => (
        <p key={reason}>
          <Why reason={reason} permission={null} />
        </p>
      ))}
      {permissions.length > 0 && <Grant permissions={permissions} />}
      <p>Then select Audit now.</p>
    </>
  );
}

function Permissions({ permissions }: { permissions: AuditedPermission[] }) {
  return (
    <div class="scroll" tabIndex={0} role="group" aria-labelledby="permissions-title">
      <table>
        <thead>
          <tr>
            <th scope="col">Permission</th>
            <th scope="col">State</th>
            <th scope="col">Need</th>
            <th scope="col">Type</th>
            <th scope="col" class="figure">
              Privilege level
            </th>
          </tr>
        </thead>
        <tbody>
          {permissions.map((permission) => (
            <tr key={`${permission.type} ${permission.name}`}>
              <th scope="row">
                <code>
                  <Untrusted text={permission.name} />
                </code>
              </th>
              <td>
                <StateMark state={permission.state} />
                {permission.includedIn && (
                  <span class="muted">
                    {" in "}
                    <code>
                      <Untrusted text={permission.includedIn} />
                    </code>
                  </span>
                )}
              </td>
              <td>{words(permission.need)}</td>
              <td>{words(permission.type)}</td>
              <td class="figure">{permission.privilegeLevel ?? <span class="muted">–</span>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Credentials({ credentials }: { credentials: AuditedCredential[] }) {
  if (!credentials.length) {
    return (
      <Empty title="No credentials visible">They belong to the app registration, which may be in another tenant.</Empty>
    );
  }
  return (
    <ul class="plain">
      {credentials.map(({ state, kind, displayName, endDateTime, daysLeft }, index) => (
        <li key={index}>
          <p>
            <StateMark state={state} /> {words(kind)}
            {displayName && (
              <>
                {": "}
                <Untrusted text={displayName} />
              </>
            )}
          </p>
          {endDateTime && (
            <p class="muted">
              {(daysLeft ?? 0) < 0 ? "Expired " : "Expires "}
              <Time at={endDateTime} />
              {daysLeft !== null && daysLeft >= 0 && `, ${count(daysLeft, "day")} left`}
            </p>
          )}
        </li>
      ))}
    </ul>
  );
}

/** What Entra's audit log says of the changes; nothing if the service may not read it. */
function ChangedBy({ changes }: { changes: Change[] | null }) {
  if (!changes) return null;
  if (!changes.length) return <p class="muted">The audit log does not say who did it. Entries can be an hour late.</p>;
  return (
    <>
      <h3>In the audit log</h3>
      <ul class="plain">
        {changes.map(({ at, activity, who }, index) => (
          <li key={index}>
            <p>
              <Untrusted text={activity} />
            </p>
            <p class="muted">
              <Untrusted text={who ?? "unknown"} />, <Time at={at} />
            </p>
          </li>
        ))}
      </ul>
    </>
  );
}

function Changes({ audit: { drift } }: { audit: Audit }) {
  if (!drift) return <Empty title="First audit of this tenant" />;
  const previous = <Link to={to("audits", { audit: drift.since })}>the previous audit</Link>;
  const kinds = [
    ["Granted", drift.granted],
    ["Revoked", drift.revoked],
    ["Changed", drift.changed],
  ] as const;
  if (kinds.every(([, names]) => !names.length)) return <p>None since {previous}.</p>;
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
      <ChangedBy changes={drift.by} />
      <p class="muted">Since {previous}.</p>
    </>
  );
}
