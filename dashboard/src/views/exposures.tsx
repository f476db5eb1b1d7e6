import { Field, FilterForm, refused, setFilters, Several, TenantChoice } from "../filters";
import { useListKeys } from "../keys";
import { ListNote } from "../list-note";
import { Listed, More, usePages } from "../paging";
import { Empty, Heading } from "../parts";
import { Link, to } from "../router";
import { Table } from "../table";
import { TenantName, useTenants } from "../tenants";
import { Time, Untrusted, words } from "../text";
import type { Exposure } from "../wire";
import { READ } from "./findings/filters";

const FILTERS = ["mailbox", "isRead", "tenantId", "incidentId"];

/** The messages that can still be opened. */
export function ExposuresView({ parameters }: { parameters: URLSearchParams }) {
  const view = "exposures";
  const filters = Object.fromEntries(FILTERS.map((name) => [name, parameters.get(name)]));
  const query = () => to(null, { ...filters, top: "100" });
  const exposures = usePages(view, `exposures ${query()}`, query, "message", (exposure: Exposure) => exposure);
  const { invalid } = exposures;
  const wrong = refused(exposures, "mailbox");
  const of = (name: string, label: string) => ({ view, name, label, value: parameters.get(name) ?? "" });
  useListKeys(exposures.list, exposures.reload);
  return (
    <>
      <Heading
        tab="Messages in reach"
        lead="Each message that its recipient can still open, however many of its remediations failed. Those that were read come first, then those that have been in reach the longest."
      >
        Messages in reach
      </Heading>
      <FilterForm
        view={view}
        what="messages"
        filtered={FILTERS.some((name) => parameters.has(name))}
        error={wrong ? undefined : invalid}
      >
        <Field {...of("mailbox", "Mailbox")} hint="name@domain" wrong={wrong} read={(text) => text} />
        <TenantChoice view={view} value={parameters.get("tenantId") ?? ""} />
        <Several {...of("isRead", "Read")} options={READ} />
        {parameters.has("incidentId") && (
          <button type="button" class="set" onClick={() => setFilters(view, { incidentId: "" })}>
            One incident<span aria-hidden="true"> ×</span>
            <span class="visually-hidden">. Show the messages of all incidents</span>
          </button>
        )}
      </FilterForm>
      <Listed of={exposures} what="the messages in reach">
        {({ rows }) => (
          <>
            <ListNote
              of={exposures}
              path={view}
              query={query}
              what="message"
              file="messages-in-reach"
              id={(one) => `${one.findingId} ${one.mailbox}`}
            />
            {rows.length ? (
              <ExposureTable exposures={rows} list={exposures.list} />
            ) : (
              <Empty title="No message is in reach" />
            )}
            <More of={exposures} what="messages" />
          </>
        )}
      </Listed>
    </>
  );
}

const COLUMNS = {
  mailbox: "Mailbox",
  subject: "Subject",
  location: "Location",
  read: "Read",
  since: "In reach since",
  looked: "Seen there",
};

interface TableProps {
  exposures: Exposure[];
  list?: { current: HTMLElement | null };
}

export function ExposureTable({ exposures, list }: TableProps) {
  const several = useTenants().length > 1;
  return (
    <Table class="list exposures" caption="Messages in reach" columns={COLUMNS} column="col-x" list={list}>
      {exposures.map((one) => (
        <tr key={`${one.findingId} ${one.mailbox}`} role="row" class={one.isRead ? "exposed" : undefined}>
          <th role="rowheader" scope="row" data-label={COLUMNS.mailbox} class="break">
            <span>
              <Link to={to("findings", { finding: one.findingId })}>
                <Untrusted text={one.mailbox} />
              </Link>
              {several && (
                <small class="block">
                  <TenantName id={one.tenantId} />
                </small>
              )}
            </span>
          </th>
          <td role="cell" data-label={COLUMNS.subject} class="break">
            {one.subject ? <Untrusted text={one.subject} /> : <span class="muted">none</span>}
          </td>
          <td role="cell" data-label={COLUMNS.location} class="break">
            {one.folder && one.location === "other_folder" ? <Untrusted text={one.folder} /> : words(one.location)}
          </td>
          <td role="cell" data-label={COLUMNS.read}>
            {one.isRead ? <strong class="bad">Read</strong> : one.isRead === false ? "No" : "Unknown"}
          </td>
          <td role="cell" data-label={COLUMNS.since}>
            <Time at={one.since} relative />
          </td>
          <td role="cell" data-label={COLUMNS.looked}>
            {one.lookedAt ? <Time at={one.lookedAt} relative /> : <span class="muted">unknown</span>}
          </td>
        </tr>
      ))}
    </Table>
  );
}
