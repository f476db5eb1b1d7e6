// What the page shows is in its URL, so that it can be shared and the browser's buttons work.

import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";

const listeners = new Set<() => void>();
const scrolled = new Map<number, number>();
let entry = 0;

history.scrollRestoration = "manual";
addEventListener("popstate", () => {
  rememberScroll();
  arrived = "back";
  entry = entryOf(history.state);
  changed();
});

/** What led to the current URL: a link, or the browser's buttons. */
export let arrived: "link" | "back" = "link";

/** The parameters of the current URL. */
export function currentParameters(): URLSearchParams {
  return new URLSearchParams(location.search);
}

/** The same, drawn again when they change. */
export function useParameters(): URLSearchParams {
  const [value, set] = useState(currentParameters);
  useEffect(() => {
    const update = () => set(currentParameters());
    listeners.add(update);
    return () => void listeners.delete(update);
  }, []);
  return value;
}

/** Goes to a URL of the page. `replace`: the browser's back button skips the current one. */
export function go(parameters: URLSearchParams, replace = false): void {
  arrived = "link";
  rememberScroll();
  if (!replace) entry += 1;
  history[replace ? "replaceState" : "pushState"]({ entry }, "", href(parameters));
  changed();
}

export function href(parameters: URLSearchParams): string {
  const query = parameters.toString();
  return location.pathname + (query ? `?${query}` : "");
}

/** The parameters of a URL of the page, without those that have no value. */
export function to(view: string | null, values: Record<string, string | null | undefined> = {}): URLSearchParams {
  const parameters = new URLSearchParams();
  if (view) parameters.set("view", view);
  for (const [name, value] of Object.entries(values)) if (value) parameters.set(name, value);
  return parameters;
}

function rememberScroll(): void {
  scrolled.set(entry, scrollY);
}

/** How far the current URL was scrolled when the reader left it. */
export function rememberedScroll(): number {
  return scrolled.get(entry) ?? 0;
}

interface LinkProps {
  to: URLSearchParams;
  current?: boolean;
  class?: string;
  children: ComponentChildren;
}

/** A link within the page. It is a real link, so it can be opened in a tab, and follows without a page load. */
export function Link({ to: target, current, class: name, children }: LinkProps) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(target);
  };
  return (
    <a class={name} href={href(target)} aria-current={current ? "page" : undefined} onClick={follow}>
      {children}
    </a>
  );
}

function entryOf(state: unknown): number {
  const found = (state as { entry?: unknown } | null)?.entry;
  return typeof found === "number" ? found : 0;
}

function changed(): void {
  for (const listener of listeners) listener();
}
