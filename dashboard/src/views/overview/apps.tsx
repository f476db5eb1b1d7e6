import { VerdictMark } from "../../marks";
import { Empty } from "../../parts";
import { Link, to } from "../../router";
import { ago, capital, count, number, TenantId, Untrusted, Why } from "../../text";
import { worstFirst } from "../../verdicts";
import type { Audit } from "../../wire";

const MAX_APPS = 4;

/** The newest audit of each tenant, the worst first. */
export function Apps({ audits }: { audits: Audit[] }) {
  if (!audits.length) {
    return (
      <Empty title="Not audited yet">
        The first audit runs on schedule. You can also run one in <Link to={to("audits")}>App health</Link>.
      </Empty>
    );
  }
  const sorted = worstFirst(audits);
  const counts = Map.groupBy(sorted, (audit) => audit.verdict);
  return (
    <>
      {audits.length > 1 && (
        <ul class="verdicts" aria-label="Tenants by state">
          {[...counts].map(([verdict, several]) => (
            <li key={verdict}>
              <b>{number(several.length)}</b> <VerdictMark verdict={verdict} />
            </li>
          ))}
        </ul>
      )}
      <ul class="apps">
        {sorted.slice(0, MAX_APPS).map((audit) => (
          <li key={audit.tenantId}>
            {audits.length === 1 && <VerdictMark verdict={audit.verdict} />}
            <p class="app-name">
              <Link to={to("audits", { audit: audit.id })}>
                Tenant <TenantId id={audit.tenantId} />
              </Link>
              <span class="muted">{ago(audit.auditedAt)}</span>
            </p>
            <p>
              {audits.length > 1 && <VerdictMark verdict={audit.verdict} />} <MainIssue audit={audit} />
            </p>
          </li>
        ))}
      </ul>
      {sorted.length > MAX_APPS && (
        <p class="more">
          <Link to={to("audits")}>Show all {number(sorted.length)} tenants</Link>
        </p>
      )}
    </>
  );
}

/** The first issue of an app, or what could not be read, in a sentence. */
function MainIssue({ audit }: { audit: Audit }) {
  const [first, ...others] = audit.issues;
  const [unread] = audit.unreadable;
  if (first) {
    return (
      <>
        <Untrusted text={first.summary} />
        {others.length > 0 && <span class="muted"> {count(others.length, "more issue")}.</span>}
      </>
    );
  }
  if (audit.verdict === "unknown" && unread) {
    return (
      <>
        {capital(unread.question)} <Why {...unread} />
      </>
    );
  }
  return null;
}
