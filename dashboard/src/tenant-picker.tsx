import { useRef, useState } from "preact/hooks";
import { useKeys } from "./keys";
import { VerdictGlyph } from "./marks";
import { Popover } from "./popover";
import { go, Link, to } from "./router";
import { tenantPage, useTenantsLoad } from "./tenants";
import { number, Untrusted, visible } from "./text";
import type { TenantState } from "./wire";

const SHOWN = 50;

/** Finds a tenant by its name, a domain or its ID, and goes to its page. It is not shown while there is only one. */
export function TenantPicker({ parameters }: { parameters: URLSearchParams }) {
  const loaded = useTenantsLoad();
  const [text, setText] = useState("");
  const around = useRef<HTMLDivElement>(null);
  const tenants = loaded?.data?.value ?? [];
  useKeys(tenants.length > 1 ? { t: () => around.current?.querySelector("summary")?.click() } : {});
  if (tenants.length < 2) return null;

  const current = parameters.get("tenant") ?? parameters.get("tenantId");
  const name = tenants.find(({ tenantId }) => tenantId === current)?.name;
  const found = matching(tenants, text);
  const close = () => {
    const box = around.current?.querySelector("details");
    if (box) box.open = false;
  };
  const follow = (target: URLSearchParams) => {
    close();
    go(target);
  };
  const step = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const stops = [...(around.current?.querySelectorAll<HTMLElement>("input, .tenant-list a") ?? [])];
    const now = stops.indexOf(document.activeElement as HTMLElement);
    stops[Math.min(Math.max(now + by, 0), stops.length - 1)]?.focus();
  };
  const opened = (box: HTMLElement) => {
    setText("");
    loaded?.reload();
    box.querySelector("input")?.focus();
  };
  return (
    <div ref={around} onKeyDown={step}>
      <Popover
        class="tenant-picker"
        label="Tenant"
        labelShown={false}
        text={name ? <Untrusted text={name} /> : "All tenants"}
        set={name !== undefined}
        opened={opened}
      >
        <form
          role="search"
          class="tenant-list"
          aria-label="Find a tenant"
          onSubmit={(event) => {
            event.preventDefault();
            if (text && found[0]) follow(tenantPage(found[0].tenantId));
          }}
        >
          <input
            type="search"
            aria-label="Name, domain or ID"
            placeholder="Name, domain or ID"
            autocomplete="off"
            spellcheck={false}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
          <ul onClick={(event) => (event.target as Element).closest("a") && close()}>
            {!text && (
              <li>
                <Link to={to(null)} current={!current}>
                  All tenants
                </Link>
              </li>
            )}
            {found.slice(0, SHOWN).map((tenant) => (
              <li key={tenant.tenantId}>
                <Link to={tenantPage(tenant.tenantId)} current={tenant.tenantId === current}>
                  {tenant.verdict && <VerdictGlyph verdict={tenant.verdict} />}
                  <span class="break">
                    <Untrusted text={tenant.name} />
                  </span>
                  <small>{work(tenant)}</small>
                </Link>
              </li>
            ))}
          </ul>
          {found.length === 0 && <p class="muted">No tenant matches.</p>}
          {found.length > SHOWN && <p class="muted">And {number(found.length - SHOWN)} more.</p>}
        </form>
      </Popover>
    </div>
  );
}

/** The tenants that a text finds, by name. */
function matching(tenants: TenantState[], text: string): TenantState[] {
  const wanted = text.trim().toLowerCase();
  return tenants
    .filter(({ name, domains, tenantId }) =>
      [name, tenantId, ...domains].some((one) => one.toLowerCase().includes(wanted)),
    )
    .toSorted((a, b) => visible(a.name).localeCompare(visible(b.name)));
}

function work({ openIncidents, exposed }: TenantState): string {
  const parts = [openIncidents && `${number(openIncidents)} open`, exposed && `${number(exposed)} in reach`];
  return parts.filter(Boolean).join(", ");
}
