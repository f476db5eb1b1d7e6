// How many items of a list there would be with each value of a filter. Where the page does not know, it says nothing.

import type { Paged } from "./paging";

/** The number of items with a value; undefined if it is not known. */
export type Counts = (value: string) => number | undefined;

/** The numbers of values, as an answer has them without those that nothing has. */
export function numbers(of: Record<string, number> | undefined): Counts {
  return (value) => of && (of[value] ?? 0);
}

/** The numbers in a list that was read to its end. `chosen`: what it is limited to, which hides the other values. */
export function counted<Row>(list: Paged<Row>, chosen: string, valueOf: (row: Row) => unknown): Counts {
  const { data, invalid } = list;
  if (!data || data.next || invalid) return () => undefined;
  const found = Map.groupBy(data.rows, (row) => String(valueOf(row)));
  return (value) => (!chosen || chosen.split(",").includes(value) ? (found.get(value)?.length ?? 0) : undefined);
}
