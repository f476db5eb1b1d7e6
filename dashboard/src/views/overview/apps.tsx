import { MainIssue } from "../../main-issue";
import { VerdictMark } from "../../marks";
import { Empty } from "../../parts";
import { Link, to } from "../../router";
import { TenantName } from "../../tenants";
import { ago, number } from "../../text";
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
                <TenantName id={audit.tenantId} />
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
