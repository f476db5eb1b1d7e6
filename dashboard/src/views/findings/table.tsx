import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { useListKeys } from "../../keys";
import { ListNote } from "../../list-note";
import { announce } from "../../live";
import { ConfidenceMark, ReachMark, SeverityMark, WorkMark } from "../../marks";
import { More, type Paged, type Pages } from "../../paging";
import { Empty } from "../../parts";
import { currentParameters, Link, to } from "../../router";
import { opens, Table } from "../../table";
import { TenantName, useSeveralTenants } from "../../tenants";
import { number, Time, title, Untrusted, words } from "../../text";
import type { FindingSummary } from "../../wire";

/** What a row of the table shows. The page keeps thousands of rows, so it does not keep the rest of the findings. */
export type Row = Pick<
  FindingSummary,
  "id" | "occurredAt" | "exposed" | "severity" | "confidence" | "cause" | "scenario" | "state" | "tenantId"
> & {
  mailbox: string;
  subject: string | null;
  location: string;
  folder: string | null;
  isRead: boolean | null;
};

export function rowOf(finding: FindingSummary): Row {
  const { id, occurredAt, exposed, severity, confidence, cause, scenario, state, tenantId, failure, message } = finding;
  const { mailbox, subject } = failure;
  const { location, folder, isRead } = message;
  return {
    ...{ id, occurredAt, exposed, severity, confidence, cause, scenario, state, tenantId },
    ...{ mailbox, subject, location, folder, isRead },
  };
}

const COLUMNS = {
  time: "Time",
  reach: "Reach",
  severity: "Severity",
  mailbox: "Mailbox",
  cause: "Cause",
  state: "State",
  subject: "Subject",
};

interface TableProps {
  pages: Pages<Row>;
  of: Paged<Row>;
  filtered: boolean;
  /** How many match, if that is known. */
  total: number | undefined;
  query: () => URLSearchParams;
}

export function FindingsTable({ pages, of, filtered, total, query }: TableProps) {
  const { rows, next } = pages;
  const several = useSeveralTenants(currentParameters());
  // Rows are not drawn again when more are read: there can be thousands.
  const drawn = useRef(new WeakMap<Row, VNode>());
  const names = useRef(several);
  if (names.current !== several) {
    names.current = several;
    drawn.current = new WeakMap();
  }
  const draw = (row: Row): VNode => {
    const node = drawn.current.get(row) ?? <FindingRow key={row.id} row={row} several={several} />;
    drawn.current.set(row, node);
    return node;
  };
  useListKeys(of.list, of.reload);
  useEffect(() => {
    announce(rows.length ? `${number(rows.length)}${next ? " or more" : ""} findings.` : "No findings.");
  }, []);

  return (
    <>
      <ListNote
        of={of}
        path="findings"
        query={query}
        what="finding"
        file="findings"
        total={total}
        id={({ id }) => id}
      />
      {rows.length ? (
        <Table class="list" caption="Findings" columns={COLUMNS} column="col" list={of.list}>
          {rows.map(draw)}
        </Table>
      ) : (
        <None filtered={filtered} />
      )}
      <More of={of} what="findings" />
    </>
  );
}

function None({ filtered }: { filtered: boolean }) {
  if (filtered) {
    const address = currentParameters().get("mailbox");
    return (
      <Empty title="No findings match these filters">
        <Link to={to("findings")}>Clear filters</Link>
        {address && !address.includes("*") && (
          <>
            , or <Link to={to("findings", { internetMessageId: address })}>search for it as a Message-ID</Link>
          </>
        )}
      </Empty>
    );
  }
  return (
    <Empty title="No findings yet">
      Failures arrive through <code>POST /api/failures</code> or the intake queue. The finding of a failure is here a
      few seconds later. <Link to={to(null)}>Show the first steps</Link>
    </Empty>
  );
}

function FindingRow({ row, several }: { row: Row; several: boolean }) {
  const target = currentParameters();
  target.set("view", "findings");
  target.set("finding", row.id);
  return (
    <tr role="row" class={row.exposed ? "exposed" : undefined} onClick={opens(target)}>
      <td role="cell" class="nowrap" data-label={COLUMNS.time}>
        <Time at={row.occurredAt} />
      </td>
      <td role="cell" data-label={COLUMNS.reach}>
        <span>
          <ReachMark exposed={row.exposed} />
          <small class="block break">
            {row.folder && row.location === "other_folder" ? <Untrusted text={row.folder} /> : words(row.location)}
            {row.isRead && (
              <>
                , <strong class="warn">read</strong>
              </>
            )}
          </small>
        </span>
      </td>
      <td role="cell" data-label={COLUMNS.severity}>
        <SeverityMark severity={row.severity} />
      </td>
      <td role="cell" data-label={COLUMNS.mailbox} class="break">
        <span>
          <Untrusted text={row.mailbox} />
          {several && (
            <small class="block">
              <TenantName id={row.tenantId} />
            </small>
          )}
        </span>
      </td>
      <th role="rowheader" scope="row" data-label={COLUMNS.cause}>
        <span>
          <Link to={target}>{title(row.cause)}</Link> <ConfidenceMark confidence={row.confidence} />
        </span>
      </th>
      <td role="cell" data-label={COLUMNS.state}>
        <WorkMark state={row.state} />
      </td>
      <td role="cell" data-label={COLUMNS.subject} class="subject">
        {row.subject ? <Untrusted text={row.subject} /> : <span class="muted">none</span>}
      </td>
    </tr>
  );
}
