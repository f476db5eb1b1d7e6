// A list that is read page by page.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { type ApiError, get, nextParameters } from "./api";
import { announce } from "./live";
import { errorOf, keep, kept, type Loaded, useLoad } from "./load";
import { Problem, Shown } from "./shown";
import { count } from "./text";
import type { Page } from "./wire";

export interface Pages<Row> {
  rows: Row[];
  next: URLSearchParams | null;
}

export interface Paged<Row> extends Loaded<Pages<Row>> {
  /** What the service refused: the list is then the one before it, if there was one. */
  invalid: ApiError | undefined;
  /** The element whose children are the rows: the first new one takes the focus after more were read. */
  list: { current: HTMLElement | null };
  more: { read: () => void; loading: boolean; error: ApiError | undefined };
}

/** The list at a path. `query` returns the parameters of its first page; `what` names one item, such as "finding". */
export function usePages<Item, Row = Item>(
  path: string,
  key: string,
  query: () => URLSearchParams,
  what: string,
  row: (item: Item) => Row,
): Paged<Row> {
  const list = useRef<HTMLElement>(null);
  const [added, setAdded] = useState<number | null>(null);
  const [state, set] = useState<{ loading: boolean; error?: ApiError }>({ loading: false });
  const loaded = useLoad(key, async (signal) => pages(await get<Page<Item>>(path, query(), signal), row), {
    backAsLeft: true,
  });
  // A filter that the service refuses leaves the list as it was.
  const good = useRef(key);
  const invalid = loaded.error?.status === 400 ? loaded.error : undefined;
  if (!invalid) good.current = loaded.data ? key : good.current;
  const shown = invalid ? good.current : key;
  const data = kept<Pages<Row>>(shown);

  useEffect(() => setAdded(null), [key]);
  useEffect(() => {
    if (added !== null)
      list.current?.children[added]?.querySelector<HTMLElement>("a, summary")?.focus({ preventScroll: true });
  }, [added]);

  const read = async () => {
    if (!data?.next) return;
    set({ loading: true });
    try {
      const following = pages(await get<Page<Item>>(path, data.next), row);
      const rows = [...data.rows, ...following.rows];
      keep(shown, { rows, next: following.next });
      announce(`Showing ${count(rows.length, what)}.`);
      setAdded(following.rows.length ? data.rows.length : null);
      set({ loading: false });
    } catch (reason) {
      set({ loading: false, error: errorOf(reason) });
    }
  };
  const error = invalid && data ? undefined : loaded.error;
  return {
    ...loaded,
    data,
    error,
    invalid,
    list,
    more: { read: () => void read(), loading: state.loading, error: state.error },
  };
}

interface ListedProps<Row> {
  of: Paged<Row>;
  /** What is read, within a sentence: "the findings". */
  what: string;
  children: (pages: Pages<Row>) => ComponentChildren;
}

/** What is shown of a list below its filters: nothing if the service refuses them, which the form says. */
export function Listed<Row>({ of, what, children }: ListedProps<Row>) {
  if (of.invalid && !of.data) return null;
  return (
    <Shown of={of} what={what}>
      {children}
    </Shown>
  );
}

/** The button that reads the next page, if there is one. */
export function More({ of, what }: { of: Paged<unknown>; what: string }) {
  const { read, loading, error } = of.more;
  return (
    <>
      {error && <Problem error={error} what={`more ${what}`} retry={read} />}
      {of.data?.next && (
        <p class="more">
          <button type="button" onClick={read} disabled={loading}>
            {loading ? "Loading…" : `Show more ${what}`}
          </button>
        </p>
      )}
    </>
  );
}

function pages<Item, Row>(page: Page<Item>, row: (item: Item) => Row): Pages<Row> {
  return { rows: page.value.map(row), next: nextParameters(page.nextLink) };
}
