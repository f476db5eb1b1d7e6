import { useState } from "preact/hooks";
import { go, Link, to } from "../address";
import { ApiError, get, post } from "../api";
import { announce } from "../live";
import { denied, useLoad } from "../load";
import { VerdictMark } from "../marks";
import { More, usePages } from "../pages";
import { Confirm, Empty, Heading, Problem, Shown } from "../parts";
import { count, TenantId, Time, Untrusted, words } from "../text";
import type { Audit, Drift, Page, Verdict } from "../wire";

const PAGE = 25;
const WORST: Verdict[] = ["broken", "degraded", "unknown", "healthy", "not_applicable"];

export function worstFirst(audits: Audit[]): Audit[] {
  return [...audits].sort((a, b) => WORST.indexOf(a.verdict) - WORST.indexOf(b.verdict));
}

/** The apps as they are now, and what the audits found before. */
export function AuditsView({ parameters }: { parameters: URLSearchParams }) {
  const latest = useLoad("apps", (signal) => get<Page<Audit>>("audits/latest", undefined, signal));
  const [audited, again] = useState(0);
  return (
    <>
      <Heading
        lead="Whether Email Threat Defense’s app may do its work in each tenant."
        aside={
          <AuditNow
            done={() => {
              latest.reload();
              again((n) => n + 1);
            }}
          />
        }
      >
        App health
      </Heading>
      <Shown of={latest} what="the newest audits">
        {({ value }) =>
          value.length ? (
            <div class="cards">
              {worstFirst(value).map((audit) => (
                <Card key={audit.tenantId} audit={audit} />
              ))}
            </div>
          ) : (
            <Empty title="Not audited yet">The first audit runs by schedule, or when it is asked for here.</Empty>
          )
        }
      </Shown>
      <History key={audited} parameters={parameters} />
    </>
  );
}

function Card({ audit }: { audit: Audit }) {
  return (
    <section class={`panel card edge-${audit.verdict}`} aria-labelledby={`app-${audit.tenantId}`}>
      <div class="card-top">
        <VerdictMark verdict={audit.verdict} />
        <span class="muted">
          <Time at={audit.auditedAt} relative />
        </span>
      </div>
      <h2 id={`app-${audit.tenantId}`}>
        <Link to={to("audits", { audit: audit.id })}>
          Tenant <TenantId id={audit.tenantId} />
        </Link>
      </h2>
      {audit.issues.slice(0, 2).map((issue) => (
        <p key={issue.code}>
          <Untrusted text={issue.summary} />
        </p>
      ))}
      {audit.issues.length > 2 && <p class="muted">{count(audit.issues.length - 2, "more issue")}</p>}
      <p class="card-drift">
        <DriftText drift={audit.drift} />
      </p>
    </section>
  );
}

/** What changed since the audit before, in a line. */
export function DriftText({ drift }: { drift: Drift | null }) {
  if (!drift) return <span class="muted">The first audit</span>;
  const parts = [
    ...drift.granted.map((name) => `+ ${name}`),
    ...drift.revoked.map((name) => `− ${name}`),
    ...drift.changed,
  ];
  if (!parts.length) return <span class="muted">No change</span>;
  return (
    <span class="drift">
      {parts.map((part) => (
        <code key={part}>
          <Untrusted text={part} />
        </code>
      ))}
    </span>
  );
}

function History({ parameters }: { parameters: URLSearchParams }) {
  const verdict = parameters.get("verdict") ?? "";
  const tenant = parameters.get("tenantId") ?? "";
  const query = to(null, { verdict, tenantId: tenant, top: String(PAGE) });
  const audits = usePages(
    "audits",
    `audits ${query}`,
    () => query,
    "audit",
    (audit: Audit) => audit,
  );
  const set = (name: string, value: string) => go(to("audits", { verdict, tenantId: tenant, [name]: value }));
  return (
    <section class="panel" aria-labelledby="history-title">
      <div class="panel-head">
        <h2 id="history-title">History</h2>
        <div class="filters small">
          <label>
            <span>State</span>
            <select value={verdict} onChange={(event) => set("verdict", event.currentTarget.value)}>
              <option value="">Any</option>
              {WORST.map((name) => (
                <option key={name} value={name}>
                  {words(name)}
                </option>
              ))}
            </select>
          </label>
          {tenant && (
            <button type="button" class="quiet" onClick={() => set("tenantId", "")}>
              All tenants
            </button>
          )}
        </div>
      </div>
      <Shown of={audits} what="the audits">
        {({ rows }) =>
          rows.length ? (
            <>
              <div class="scroll" tabIndex={0} role="group" aria-labelledby="history-title">
                <table>
                  <thead>
                    <tr>
                      <th scope="col">Audited</th>
                      <th scope="col">State</th>
                      <th scope="col">Tenant</th>
                      <th scope="col">Issues</th>
                      <th scope="col">Change since the one before</th>
                    </tr>
                  </thead>
                  <tbody ref={audits.list as { current: HTMLTableSectionElement | null }}>
                    {rows.map((audit) => (
                      <tr key={audit.id}>
                        <th scope="row" class="nowrap">
                          <Link to={to("audits", { audit: audit.id })}>
                            <Time at={audit.auditedAt} />
                          </Link>
                        </th>
                        <td>
                          <VerdictMark verdict={audit.verdict} />
                        </td>
                        <td>
                          <Link to={to("audits", { verdict, tenantId: audit.tenantId })}>
                            <TenantId id={audit.tenantId} />
                          </Link>
                        </td>
                        <td>{audit.issues.map((issue) => words(issue.code)).join(", ") || "None"}</td>
                        <td>
                          <DriftText drift={audit.drift} />
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
              <More of={audits} what="audits" />
            </>
          ) : (
            <Empty title={verdict || tenant ? "No audit fits" : "No audits yet"} />
          )
        }
      </Shown>
    </section>
  );
}

/** Audits one tenant, or all, when asked. */
export function AuditNow({ tenantId, done }: { tenantId?: string; done: (audits: Audit[]) => void }) {
  const [asking, ask] = useState(false);
  const [running, run] = useState(false);
  const [error, setError] = useState<ApiError>();
  const start = async () => {
    run(true);
    setError(undefined);
    announce("The audit is running.");
    try {
      const { value } = await post<Page<Audit>>("audits", tenantId ? { tenantId } : {});
      announce(`The audit is done: ${value.map((audit) => words(audit.verdict)).join(", ")}.`);
      done(value);
    } catch (reason) {
      denied(reason);
      setError(reason instanceof ApiError ? reason : new ApiError(0, String(reason)));
    } finally {
      run(false);
    }
  };
  return (
    <div class="do">
      <button type="button" class="primary" disabled={running} onClick={() => ask(true)}>
        {running ? "Auditing…" : "Audit now"}
      </button>
      {error && <Problem error={error} what="the audit" />}
      {asking && (
        <Confirm
          title={tenantId ? "Audit this tenant now?" : "Audit all tenants now?"}
          yes="Audit now"
          onYes={() => void start()}
          onNo={() => ask(false)}
        >
          The app, its permissions and its credentials are read afresh from Microsoft Graph, and the audit is kept.
          Nothing is changed in the tenant.
        </Confirm>
      )}
    </div>
  );
}
