// A table with a row for each thing of a list. On a narrow screen each row becomes a card.

import type { ComponentChildren } from "preact";
import { go } from "./router";

interface TableProps {
  class: string;
  caption: string;
  /** The names of the columns, and what is above them. */
  columns: Record<string, string>;
  /** What the class of a column begins with, before its name. */
  column?: string;
  /** The element whose children are the rows. */
  list?: { current: HTMLElement | null } | undefined;
  /** The rows: each cell has the name of its column in `data-label`. */
  children: ComponentChildren;
}

export function Table({ class: name, caption, columns, column, list, children }: TableProps) {
  return (
    <table class={`findings ${name}`} role="table">
      <caption class="visually-hidden">{caption}</caption>
      <thead role="rowgroup">
        <tr role="row">
          {Object.entries(columns).map(([key, label]) => (
            <th key={key} scope="col" role="columnheader" class={column && `${column}-${key}`}>
              {label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody ref={list as { current: HTMLTableSectionElement | null }} role="rowgroup">
        {children}
      </tbody>
    </table>
  );
}

/** What a click on a row does: it opens the row, unless it is on a link or selects text. */
export function opens(target: URLSearchParams): (event: MouseEvent) => void {
  return (event) => {
    if ((event.target as Element).closest("a") || getSelection()?.toString()) return;
    go(target);
  };
}
