import type { ComponentChildren } from "preact";
import { get } from "./api";
import { Download } from "./download";
import { useLoad } from "./load";
import type { Paged } from "./paging";
import { clock, count, number } from "./text";
import type { Page } from "./wire";

const EVERY_MS = 60_000;

interface NoteProps<Row> {
  of: Paged<Row>;
  /** Where the list is from, and the parameters of its first page. */
  path: string;
  query: () => URLSearchParams;
  /** What one row is: "incident". */
  what: string;
  whatMany?: string;
  /** The beginning of the name of a file with the list. */
  file: string;
  /** How many rows there are, with those that were not read, if that is known. */
  total?: number | undefined;
  /** What tells a row from the others, as in the answer; without it, new rows are not offered. */
  id?: (row: Row) => string;
}

/** What is above a list: how much of it is shown and when it was read, what is new, CSV, and the button that reads it again. */
export function ListNote<Row>({ of, path, query, what, whatMany, file, total, id }: NoteProps<Row>) {
  const { rows, next } = of.data ?? { rows: [], next: null };
  const all = total ?? (next ? undefined : rows.length);
  const part = all === undefined || all > rows.length;
  const text: ComponentChildren[] = [];
  if (all !== undefined) text.push(`${count(all, what, whatMany)}. `);
  if (part) text.push(`Showing the first ${number(rows.length)}. `);
  if (of.at) text.push(`Read at ${clock(of.at)}.`);
  return (
    <p class="table-note">
      <span>
        {rows.length > 0 && <span class="muted">{text}</span>}
        {id && <Newer of={of} path={path} query={query} id={id} />}
      </span>
      <span class="buttons-inline">
        {rows.length > 0 && <Download path={path} query={query} name={file} />}
        <button type="button" class="quiet" disabled={of.loading} onClick={of.reload}>
          Refresh
        </button>
      </span>
    </p>
  );
}

type NewerProps<Row> = Pick<NoteProps<Row>, "of" | "path" | "query"> & { id: (row: Row) => string };

/** Offers what the list does not have yet. An answer that did not change is not sent again. */
function Newer<Row>({ of, path, query, id }: NewerProps<Row>) {
  const asked = query();
  const newest = useLoad(`newest ${path} ${asked}`, (signal) => get<Page<Row>>(path, asked, signal), {
    every: EVERY_MS,
    later: true,
  });
  const known = new Set(of.data?.rows.map(id));
  const value = newest.data?.value ?? [];
  const added = value.filter((row) => !known.has(id(row))).length;
  if (!added || !newest.at || !of.at || newest.at < of.at) return null;
  const more = added === value.length && newest.data?.nextLink ? " or more" : "";
  return (
    <button type="button" class="quiet newer" onClick={of.reload}>
      {number(added)}
      {more} new. Show them
    </button>
  );
}
