// Keys for a list and for what is in it. They do nothing while something is typed, and can be turned off.

import { useLayoutEffect, useRef, useState } from "preact/hooks";

export const KEYS: Record<string, string> = {
  "/": "Search",
  j: "Next row, or the next item of the list",
  k: "Previous row, or the previous item of the list",
  o: "Open the row",
  u: "Back to the list",
  r: "Refresh the list",
  h: "To the overview",
  t: "Find a tenant",
  "?": "Show these keys",
};

type Handlers = Partial<Record<string, () => void>>;

const handlers = new Set<{ current: Handlers }>();
let enabled = true;

addEventListener("keydown", (event) => {
  if (!enabled || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if ((event.target as Element).closest("input, select, textarea, dialog, [contenteditable]")) return;
  for (const own of handlers) {
    const act = own.current[event.key];
    if (!act) continue;
    event.preventDefault();
    act();
    return;
  }
});

/** What keys do while a component is drawn. */
export function useKeys(own: Handlers): void {
  const current = useRef(own);
  current.current = own;
  // Before the component is painted, so that its keys work as soon as it is visible.
  useLayoutEffect(() => {
    handlers.add(current);
    return () => void handlers.delete(current);
  }, []);
}

/** The keys of a list whose rows are the children of an element. Without `reload`, whatever is around it reads again. */
export function useListKeys(list: { current: HTMLElement | null }, reload?: () => void): void {
  const step = (by: number) => {
    const rows = [...(list.current?.children ?? [])];
    const now = rows.findIndex((row) => row.contains(document.activeElement));
    const link = rows[now < 0 ? 0 : Math.min(Math.max(now + by, 0), rows.length - 1)]?.querySelector<HTMLElement>("a");
    link?.focus({ preventScroll: true });
    link?.closest("tr, li")?.scrollIntoView({ block: "nearest" });
  };
  useKeys({
    j: () => step(1),
    k: () => step(-1),
    o: () => {
      const focused = document.activeElement;
      if (focused instanceof HTMLElement && list.current?.contains(focused)) focused.click();
    },
    r: reload,
  });
}

/** The dialog that lists the keys, and turns them off. */
export function KeyHelp() {
  const dialog = useRef<HTMLDialogElement>(null);
  const [on, set] = useState(enabled);
  useKeys({ "?": () => dialog.current?.showModal() });
  return (
    <dialog ref={dialog} aria-labelledby="keys-title">
      <h2 id="keys-title">Keys</h2>
      <dl class="facts keys">
        {Object.entries(KEYS).map(([key, text]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <div class="buttons">
        <button
          type="button"
          aria-pressed={!on}
          onClick={() => {
            enabled = !enabled;
            set(enabled);
          }}
        >
          {on ? "Turn off until the page is loaded again" : "Turn on"}
        </button>
        <button type="button" class="primary" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
    </dialog>
  );
}
