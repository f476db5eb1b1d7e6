import { counted, numbers } from "../../counts";
import { FilterForm, labeled, Several } from "../../filters";
import { ListNote } from "../../list-note";
import { ConfidenceMark } from "../../marks";
import { Listed, More, usePages } from "../../paging";
import { Empty } from "../../parts";
import { Link, to } from "../../router";
import { scanPage } from "../../scans";
import { Table } from "../../table";
import { Time, title, Untrusted, words } from "../../text";
import { type CoverageScan, MAILBOX_CHANGE_VALUES, type UncoveredMailbox } from "../../wire";

const FILTERS = ["cause", "changed"];
const COLUMNS = { mailbox: "Mailbox", cause: "Cause", summary: "What is known", since: "Since" };

interface MailboxesProps {
  scan: CoverageScan;
  path: string;
  parameters: URLSearchParams;
}

/** The mailboxes of a scan that could not be remediated, or that have recovered. */
export function Mailboxes({ scan, path, parameters }: MailboxesProps) {
  const view = "coverage";
  const query = () =>
    to(null, { ...Object.fromEntries(FILTERS.map((name) => [name, parameters.get(name)])), top: "100" });
  const mailboxes = usePages(path, `${path} ${query()}`, query, "mailbox", (one: UncoveredMailbox) => one);
  const { invalid } = mailboxes;
  const cause = parameters.get("cause") ?? "";
  const changed = parameters.get("changed") ?? "";
  const { newlyUncovered, recovered } = scan.changes ?? {};
  const causes = labeled(Object.keys(scan.byCause), title).sort((a, b) => a[1].localeCompare(b[1]));
  return (
    <section class="panel" aria-labelledby="mailboxes-title">
      <h2 id="mailboxes-title">Mailboxes</h2>
      <FilterForm
        view={view}
        what="mailboxes"
        filtered={FILTERS.some((name) => parameters.has(name))}
        error={invalid}
        cleared={scanPage(scan)}
      >
        <Several
          {...{ view, name: "cause", label: "Cause", value: cause, options: causes }}
          counts={changed ? counted(mailboxes, cause, (one) => one.cause) : numbers(scan.byCause)}
        />
        <Several
          {...{ view, name: "changed", label: "Change", value: changed, options: labeled(MAILBOX_CHANGE_VALUES) }}
          counts={(value) => (cause ? undefined : value === "new" ? newlyUncovered : recovered)}
        />
      </FilterForm>
      <Listed of={mailboxes} what="the mailboxes">
        {({ rows }) => (
          <>
            <ListNote
              of={mailboxes}
              path={path}
              query={query}
              what="mailbox"
              whatMany="mailboxes"
              file="coverage"
              id={({ mailbox }) => mailbox}
            />
            {rows.length ? <MailboxTable mailboxes={rows} list={mailboxes.list} /> : <None scan={scan} />}
            <More of={mailboxes} what="mailboxes" />
          </>
        )}
      </Listed>
    </section>
  );
}

/** Whether a scan says nothing about any mailbox: none could be read. */
export function readsNothing({ covered, uncovered, unknown }: CoverageScan): boolean {
  return unknown > 0 && !covered && !uncovered;
}

function None({ scan }: { scan: CoverageScan }) {
  if (scan.state === "running") return <Empty title="None so far" />;
  if (!scan.mailboxes) return <Empty title="No mailbox was looked at" />;
  if (scan.uncovered > 0) return <Empty title="No mailboxes match these filters" />;
  if (readsNothing(scan)) return <Empty title="No mailbox could be read" />;
  return <Empty title="Every mailbox that could be read can be remediated" />;
}

interface TableProps {
  mailboxes: UncoveredMailbox[];
  list: { current: HTMLElement | null };
}

function MailboxTable({ mailboxes, list }: TableProps) {
  return (
    <Table class="mailboxes" caption="Mailboxes" columns={COLUMNS} column="col-m" list={list}>
      {mailboxes.map((one) => (
        <tr key={one.mailbox} role="row">
          <th role="rowheader" scope="row" data-label={COLUMNS.mailbox} class="break">
            <span>
              <Link to={to("findings", { mailbox: one.mailbox })}>
                <Untrusted text={one.mailbox} />
              </Link>
              {one.change && <small class="block">{words(one.change)}</small>}
            </span>
          </th>
          <td role="cell" data-label={COLUMNS.cause}>
            <span>
              {title(one.cause)} <ConfidenceMark confidence={one.confidence} />
            </span>
          </td>
          <td role="cell" data-label={COLUMNS.summary} class="break">
            <Untrusted text={one.summary} />
          </td>
          <td role="cell" data-label={COLUMNS.since}>
            <Time at={one.since} />
          </td>
        </tr>
      ))}
    </Table>
  );
}
