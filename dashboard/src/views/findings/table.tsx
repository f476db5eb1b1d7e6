import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { announce } from "../../live";
import { ConfidenceMark, ReachMark, SeverityMark } from "../../marks";
import { More, type Paged, type Pages } from "../../paging";
import { Empty } from "../../parts";
import { currentParameters, Link, to } from "../../router";
import { count, number, Time, title, Untrusted, words } from "../../text";
import type { Finding } from "../../wire";

/** What a row of the table shows. The page keeps thousands of rows, so it does not keep the rest of the findings. */
export type Row = Pick<Finding, "id" | "occurredAt" | "exposed" | "severity" | "confidence" | "cause"> & {
  mailbox: string;
  subject: string | null;
  location: string;
  folder: string | null;
};

export function rowOf(finding: Finding): Row {
  const { id, occurredAt, exposed, severity, confidence, cause, failure, message } = finding;
  const { mailbox, subject } = failure;
  const { location, folder } = message;
  return { id, occurredAt, exposed, severity, confidence, cause, mailbox, subject, location, folder };
}

const COLUMNS = {
  time: "Time",
  reach: "Reach",
  severity: "Severity",
  mailbox: "Mailbox",
  cause: "Cause",
  location: "Location",
  subject: "Subject",
};

export function FindingsTable({ pages, of, filtered }: { pages: Pages<Row>; of: Paged<Row>; filtered: boolean }) {
  const { rows, next } = pages;
  // Rows are not drawn again when more are read: there can be thousands.
  const drawn = useRef(new WeakMap<Row, VNode>());
  const draw = (row: Row): VNode => {
    const node = drawn.current.get(row) ?? <FindingRow key={row.id} row={row} />;
    drawn.current.set(row, node);
    return node;
  };
  useEffect(() => {
    announce(rows.length ? `${number(rows.length)}${next ? " or more" : ""} findings.` : "No findings.");
  }, []);

  if (!rows.length) {
    return filtered ? (
      <Empty title="No findings match these filters">
        <Link to={to("findings")}>Clear filters</Link>
      </Empty>
    ) : (
      <Empty title="No findings yet">
        Failures arrive through <code>POST /api/failures</code> or the intake queue. The finding of a failure is here a
        few seconds later.
      </Empty>
    );
  }
  return (
    <>
      <p class="table-note">
        <span class="muted">
          {next ? `Showing the newest ${number(rows.length)} findings.` : `${count(rows.length, "finding")}.`}
        </span>
        <button type="button" class="quiet" disabled={of.loading} onClick={of.reload}>
          Refresh
        </button>
      </p>
      <table class="findings" role="table">
        <caption class="visually-hidden">Findings</caption>
        <thead role="rowgroup">
          <tr role="row">
            {Object.entries(COLUMNS).map(([name, label]) => (
              <th key={name} scope="col" role="columnheader" class={`col-${name}`}>
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={of.list as { current: HTMLTableSectionElement | null }} role="rowgroup">
          {rows.map(draw)}
        </tbody>
      </table>
      <More of={of} what="findings" />
    </>
  );
}

function FindingRow({ row }: { row: Row }) {
  const target = currentParameters();
  target.set("view", "findings");
  target.set("finding", row.id);
  return (
    <tr role="row" class={row.exposed ? "exposed" : undefined}>
      <td role="cell" class="nowrap" data-label={COLUMNS.time}>
        <Time at={row.occurredAt} />
      </td>
      <td role="cell" data-label={COLUMNS.reach}>
        <ReachMark exposed={row.exposed} />
      </td>
      <td role="cell" data-label={COLUMNS.severity}>
        <SeverityMark severity={row.severity} />
      </td>
      <td role="cell" data-label={COLUMNS.mailbox} class="break">
        <Untrusted text={row.mailbox} />
      </td>
      <th role="rowheader" scope="row" data-label={COLUMNS.cause}>
        <span>
          <Link to={target}>{title(row.cause)}</Link> <ConfidenceMark confidence={row.confidence} />
        </span>
      </th>
      <td role="cell" data-label={COLUMNS.location} class="break">
        {row.folder && row.location === "other_folder" ? <Untrusted text={row.folder} /> : words(row.location)}
      </td>
      <td role="cell" data-label={COLUMNS.subject} class="subject">
        {row.subject ? <Untrusted text={row.subject} /> : <span class="muted">none</span>}
      </td>
    </tr>
  );
}
