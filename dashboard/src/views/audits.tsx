import { useState } from "preact/hooks";
import { get } from "../api";
import { AuditNow } from "../audit-now";
import { useLoad } from "../load";
import { VerdictMark } from "../marks";
import { More, usePages } from "../paging";
import { Empty, Heading } from "../parts";
import { go, Link, to } from "../router";
import { MainIssue } from "../main-issue";
import { Shown } from "../shown";
import { Table } from "../table";
import { TenantName } from "../tenants";
import { count, Time, title, Untrusted, words } from "../text";
import { WORST_FIRST, worstFirst } from "../verdicts";
import type { Audit, Drift, Page } from "../wire";

const PAGE = 25;
const MAX_CARDS = 6;

/** The newest audit of each tenant, and the earlier ones. */
export function AuditsView({ parameters }: { parameters: URLSearchParams }) {
  const latest = useLoad("apps", (signal) => get<Page<Audit>>("audits/latest", undefined, signal));
  const [audited, again] = useState(0);
  return (
    <>
      <Heading
        tab="App health"
        lead="Whether the Email Threat Defense app can do its work in each tenant."
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
            <Latest audits={worstFirst(value)} />
          ) : (
            <Empty title="Not audited yet">The first audit runs on schedule. To run one now, select Audit now.</Empty>
          )
        }
      </Shown>
      <History key={audited} parameters={parameters} />
    </>
  );
}

/** The newest audit of each tenant: as cards, or as a table if there are many. */
function Latest({ audits }: { audits: Audit[] }) {
  if (audits.length > MAX_CARDS) {
    return (
      <section class="panel latest" aria-labelledby="latest-title">
        <h2 id="latest-title">Newest audit of each tenant</h2>
        <AuditTable caption="Newest audits" audits={audits} within={{ verdict: "" }} />
      </section>
    );
  }
  return (
    <div class="cards">
      {audits.map((audit) => (
        <Card key={audit.tenantId} audit={audit} />
      ))}
    </div>
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
          <TenantName id={audit.tenantId} />
        </Link>
      </h2>
      <p>
        <MainIssue audit={audit} />
      </p>
      <p class="card-drift">
        <DriftText drift={audit.drift} />
      </p>
    </section>
  );
}

/** What changed since the previous audit, in a line. */
function DriftText({ drift }: { drift: Drift | null }) {
  if (!drift) return <span class="muted">First audit</span>;
  const parts = [
    ...drift.granted.map((name) => `+ ${name}`),
    ...drift.revoked.map((name) => `− ${name}`),
    ...drift.changed,
  ];
  if (!parts.length) return <span class="muted">No changes</span>;
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
  const tenantId = parameters.get("tenantId") ?? "";
  const query = to(null, { verdict, tenantId, top: String(PAGE) });
  const audits = usePages(
    "audits",
    `audits ${query}`,
    () => query,
    "audit",
    (audit: Audit) => audit,
  );
  const changes = parameters.get("changes") ?? "";
  const set = (name: string, value: string) => go(to("audits", { verdict, tenantId, changes, [name]: value }));
  return (
    <section class="panel" aria-labelledby="history-title">
      <div class="panel-head">
        <h2 id="history-title">History</h2>
        <div class="filters small">
          <label>
            <span>State</span>
            <select value={verdict} onChange={(event) => set("verdict", event.currentTarget.value)}>
              <option value="">Any</option>
              {WORST_FIRST.map((name) => (
                <option key={name} value={name}>
                  {words(name)}
                </option>
              ))}
            </select>
          </label>
          <label>
            <input
              type="checkbox"
              checked={changes !== ""}
              onChange={(event) => set("changes", event.currentTarget.checked ? "only" : "")}
            />
            <span>Changes only</span>
          </label>
          {tenantId && (
            <button type="button" class="quiet" onClick={() => set("tenantId", "")}>
              Show all tenants
            </button>
          )}
        </div>
      </div>
      <Shown of={audits} what="the audits">
        {({ rows }) => {
          const shown = changes ? rows.filter(hasChanges) : rows;
          return (
            <>
              {changes && (
                <p class="muted">
                  {count(shown.length, "change")} in the newest {count(rows.length, "audit")}.
                </p>
              )}
              {shown.length > 0 && <AuditTable audits={shown} list={audits.list} within={{ verdict }} />}
              {!rows.length && <Empty title={verdict || tenantId ? "No audits match" : "No audits yet"} />}
              <More of={audits} what="audits" />
            </>
          );
        }}
      </Shown>
    </section>
  );
}

/** Whether anything differs from the previous audit. For the first audit this is not known. */
function hasChanges({ drift }: Audit): boolean {
  return drift !== null && drift.granted.length + drift.revoked.length + drift.changed.length > 0;
}

const COLUMNS = { at: "Audited", state: "State", tenant: "Tenant", issues: "Issues", changes: "Changes" };
const { tenant: _, ...OF_ONE_TENANT } = COLUMNS;

interface TableProps {
  caption?: string;
  audits: Audit[];
  list?: { current: HTMLElement | null };
  /** The filters of the list, which the links to a tenant's audits keep; undefined: all are of one tenant. */
  within?: { verdict: string };
}

/** One row for each audit. */
export function AuditTable({ caption = "Audits", audits, list, within }: TableProps) {
  return (
    <Table class="audits" caption={caption} columns={within ? COLUMNS : OF_ONE_TENANT} column="col-a" list={list}>
      {audits.map((audit) => (
        <tr key={audit.id} role="row">
          <th role="rowheader" scope="row" data-label={COLUMNS.at}>
            <Link to={to("audits", { audit: audit.id })}>
              <Time at={audit.auditedAt} />
            </Link>
          </th>
          <td role="cell" data-label={COLUMNS.state}>
            <VerdictMark verdict={audit.verdict} />
          </td>
          {within && (
            <td role="cell" data-label={COLUMNS.tenant} class="break">
              <Link to={to("audits", { ...within, tenantId: audit.tenantId })}>
                <TenantName id={audit.tenantId} />
              </Link>
            </td>
          )}
          <td role="cell" data-label={COLUMNS.issues}>
            <span>
              {audit.issues.length
                ? audit.issues.map((issue) => (
                    <span key={issue.code} class="block">
                      {title(issue.code)}
                    </span>
                  ))
                : "None"}
            </span>
          </td>
          <td role="cell" data-label={COLUMNS.changes}>
            <DriftText drift={audit.drift} />
          </td>
        </tr>
      ))}
    </Table>
  );
}
