// The filters of a list. They are part of the URL, and have the names and values of the API.

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { ApiError } from "./api";
import type { Counts } from "./counts";
import type { Paged } from "./paging";
import { Popover } from "./popover";
import { currentParameters, go, to } from "./router";
import { Problem } from "./shown";
import { useTenants } from "./tenants";
import { number, visible, words } from "./text";

export const TIMES = ["period", "since", "until"];

/** Sets filters of the view, and removes those without a value. */
export function setFilters(view: string, values: Record<string, string>): void {
  const next = currentParameters(); // not those of the last redraw: two changes can come before the next one
  for (const [name, value] of Object.entries(values)) {
    if (value) next.set(name, value);
    else next.delete(name);
  }
  next.set("view", view);
  go(next);
}

/** Why the service refused a filter, as a sentence without its period. */
export function refused({ invalid, data }: Paged<unknown>, name: string): string | undefined {
  const detail = invalid?.fields.find((field) => field.pointer === name)?.detail;
  return detail && `${words(name)} ${detail}${data ? ". The previous list is shown" : ""}`;
}

interface FormProps {
  view: string;
  /** What the list has, such as "findings". */
  what: string;
  filtered: boolean;
  /** The 400 of the last request, if no field can show it. */
  error: ApiError | undefined;
  /** The address without filters, if it is not that of the view. */
  cleared?: URLSearchParams;
  children: ComponentChildren;
}

export function FilterForm({ view, what, filtered, error, cleared = to(view), children }: FormProps) {
  const clear = () => go(cleared);
  return (
    <search>
      <form class="filters" aria-label={`Filter the ${what}`} onSubmit={(event) => event.preventDefault()}>
        {children}
        {filtered && (
          <button type="button" class="quiet" onClick={clear}>
            Clear filters
          </button>
        )}
      </form>
      {error && <Problem error={error} what={`the ${what}`} retry={clear} label={`Show all ${what}`} />}
    </search>
  );
}

interface FilterProps {
  view: string;
  name: string;
  label: string;
  value: string;
}

export type Option = readonly [value: string, label: string];

export function labeled(values: readonly string[], label: (value: string) => string = words): Option[] {
  return values.map((value) => [value, label(value)]);
}

interface SeveralProps extends FilterProps {
  options: readonly Option[];
  counts?: Counts;
  /** What it says if nothing is chosen. */
  none?: string;
}

/** A filter that takes several values. */
export function Several({ view, name, label, value, options, counts, none = "Any" }: SeveralProps) {
  const chosen = value ? value.split(",") : [];
  const listed = new Set(options.map(([option]) => option));
  const all = [...options, ...chosen.filter((one) => !listed.has(one)).map((one) => [one, words(one)] as const)];
  const labels = new Map(all);
  const [only] = chosen;
  const text = !only ? none : chosen.length === 1 ? labels.get(only) : `${number(chosen.length)} chosen`;
  const toggle = (option: string, on: boolean) => {
    const next = all.map(([one]) => one).filter((one) => (one === option ? on : chosen.includes(one)));
    setFilters(view, { [name]: next.join(",") });
  };
  return (
    <Popover label={label} text={text} set={only !== undefined}>
      <fieldset>
        <legend class="visually-hidden">{label}</legend>
        {all.map(([option, optionText]) => (
          <label key={option}>
            <input
              type="checkbox"
              name={name}
              value={option}
              checked={chosen.includes(option)}
              onChange={(event) => toggle(option, event.currentTarget.checked)}
            />
            <span>{optionText}</span>
            <Figure of={counts?.(option)} />
          </label>
        ))}
      </fieldset>
    </Popover>
  );
}

function Figure({ of }: { of: number | undefined }) {
  return of === undefined ? null : <span class="muted figure">{number(of)}</span>;
}

/** The tenant. It is not shown while there is only one. */
export function TenantChoice({ view, value }: { view: string; value: string }) {
  const tenants = useTenants();
  if (tenants.length < 2 && !value) return null;
  const unlisted = value && tenants.every(({ tenantId }) => tenantId !== value);
  return (
    <label>
      <span>Tenant</span>
      <select
        name="tenantId"
        value={value}
        class={value ? "set" : undefined}
        onChange={(event) => setFilters(view, { tenantId: event.currentTarget.value })}
      >
        <option value="">Any</option>
        {tenants
          .toSorted((a, b) => a.name.localeCompare(b.name))
          .map(({ tenantId, name }) => (
            <option key={tenantId} value={tenantId}>
              {visible(name)}
            </option>
          ))}
        {unlisted && <option value={value}>{visible(value)}</option>}
      </select>
    </label>
  );
}

interface FieldProps extends Omit<FilterProps, "view"> {
  hint: string;
  wrong: string | undefined;
  /** Looks for a text that the reader has typed. */
  search: (text: string) => void;
}

/** A filter that is typed. */
export function Field({ name, label, value, hint, wrong, search }: FieldProps) {
  const input = useRef<HTMLInputElement>(null);
  // Only a new URL sets the text. As a prop, every redraw would, and would lose what is being typed.
  useLayoutEffect(() => {
    if (input.current) input.current.value = value;
  }, [value]);
  const id = `filter-${name}`;
  const wrongId = `${id}-wrong`;
  return (
    <>
      <div class="field">
        <label for={id}>{label}</label>
        <input
          id={id}
          ref={input}
          name={name}
          type="search"
          class={value ? "set" : undefined}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          placeholder={hint}
          aria-invalid={wrong ? true : undefined}
          aria-describedby={wrong ? wrongId : undefined}
          onChange={(event) => search(event.currentTarget.value.trim())}
        />
      </div>
      {wrong && (
        <p id={wrongId} class="field-error" role="alert">
          {wrong}.
        </p>
      )}
    </>
  );
}
