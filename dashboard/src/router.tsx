// What the page shows is in its URL, so that it can be shared and the browser's buttons work.

import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";

const listeners = new Set<() => void>();
const scrolled = new Map<number, number>();
const places = new Map<number, string>();
let entry = entryOf(history.state);
places.set(entry, location.pathname + location.search);

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
  places.set(entry, href(parameters));
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

/** A link to the next one of a list: the browser's back button still leads to the list. */
export function StepLink({ to: target, children }: { to: URLSearchParams; children: ComponentChildren }) {
  return (
    <a href={href(target)} onClick={followed(() => go(target, true))}>
      {children}
    </a>
  );
}

/** What a click on a link does, unless it asks the browser for a tab or a window. */
function followed(follow: () => void): (event: MouseEvent) => void {
  return (event) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    follow();
  };
}

interface LinkProps {
  to: URLSearchParams;
  current?: boolean;
  class?: string;
  children: ComponentChildren;
}

/** A link within the page. It is a real link, so it can be opened in a tab, and follows without a page load. */
export function Link({ to: target, current, class: name, children }: LinkProps) {
  return (
    <a
      class={name}
      href={href(target)}
      aria-current={current ? "page" : undefined}
      onClick={followed(() => go(target))}
    >
      {children}
    </a>
  );
}

/** Goes up to a list: as the browser's back button does if the reader came from there, so that the list is as it was left. */
export function goUp(parameters: URLSearchParams): void {
  if (places.get(entry - 1) === href(parameters)) history.back();
  else go(parameters);
}

/** The link to the list that something belongs to. */
export function UpLink({ to: target, children }: { to: URLSearchParams; children: ComponentChildren }) {
  return (
    <p class="back">
      <a href={href(target)} onClick={followed(() => goUp(target))}>
        <span aria-hidden="true">← </span>
        {children}
      </a>
    </p>
  );
}

function entryOf(state: unknown): number {
  const found = (state as { entry?: unknown } | null)?.entry;
  return typeof found === "number" ? found : 0;
}

function changed(): void {
  for (const listener of listeners) listener();
}
