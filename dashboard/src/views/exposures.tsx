import { counted } from "../counts";
import { Field, FilterForm, refused, setFilters, Several, TenantChoice } from "../filters";
import { useListKeys } from "../keys";
import { ListNote } from "../list-note";
import { kept } from "../load";
import { Listed, More, type Pages, usePages } from "../paging";
import { Empty, Heading } from "../parts";
import { Link, to } from "../router";
import { opens, Table } from "../table";
import { TenantName, useSeveralTenants } from "../tenants";
import { Time, Untrusted, words } from "../text";
import type { Exposure } from "../wire";
import { READ } from "./findings/filters";

const FILTERS = ["mailbox", "isRead", "tenantId", "incidentId"];

/** The messages that can still be opened. */
export function ExposuresView({ parameters }: { parameters: URLSearchParams }) {
  const view = "exposures";
  const query = () => asked(parameters);
  const exposures = usePages(view, listKey(parameters), query, "message", (exposure: Exposure) => exposure);
  const { invalid } = exposures;
  const wrong = refused(exposures, "mailbox");
  const isRead = parameters.get("isRead") ?? "";
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
        <Field
          name="mailbox"
          label="Mailbox"
          value={parameters.get("mailbox") ?? ""}
          hint="name@domain"
          wrong={wrong}
          search={(mailbox) => setFilters(view, { mailbox })}
        />
        <TenantChoice view={view} value={parameters.get("tenantId") ?? ""} />
        <Several
          view={view}
          name="isRead"
          label="Read"
          value={isRead}
          options={READ}
          counts={counted(exposures, isRead, (one) => one.isRead)}
        />
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
              <ExposureTable exposures={rows} list={exposures.list} within={parameters} />
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

/** The findings of the messages in the list of a URL, as far as they were read. */
export function exposureIds(parameters: URLSearchParams): string[] {
  return kept<Pages<Exposure>>(listKey(parameters))?.rows.map(({ findingId }) => findingId) ?? [];
}

/** What the list of a URL is kept as. */
function listKey(parameters: URLSearchParams): string {
  return `exposures ${asked(parameters)}`;
}

/** The parameters of the request for the first page. */
function asked(parameters: URLSearchParams): URLSearchParams {
  return to(null, { ...Object.fromEntries(FILTERS.map((name) => [name, parameters.get(name)])), top: "100" });
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
  /** The URL of the list that a finding of them leads back to. */
  within: URLSearchParams;
}

export function ExposureTable({ exposures, list, within }: TableProps) {
  const several = useSeveralTenants(within);
  return (
    <Table class="list exposures" caption="Messages in reach" columns={COLUMNS} column="col-x" list={list}>
      {exposures.map((one) => (
        <Row key={`${one.findingId} ${one.mailbox}`} of={one} several={several} within={within} />
      ))}
    </Table>
  );
}

function Row({ of: one, several, within }: { of: Exposure; several: boolean; within: URLSearchParams }) {
  const target = new URLSearchParams(within);
  target.set("finding", one.findingId);
  return (
    <tr role="row" class={one.isRead ? "exposed" : undefined} onClick={opens(target)}>
      <th role="rowheader" scope="row" data-label={COLUMNS.mailbox} class="break">
        <span>
          <Link to={target}>
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
  );
}
