// What people call the tenants.

import { type ComponentChildren, createContext } from "preact";
import { useContext } from "preact/hooks";
import { get } from "./api";
import { type Loaded, useLoad } from "./load";
import { Link, to } from "./router";
import { TenantId, Untrusted, visible } from "./text";
import type { Page, TenantState } from "./wire";

const EVERY_MS = 300_000;
const NONE: TenantState[] = [];
const Known = createContext<Loaded<Page<TenantState>> | null>(null);

/** Reads the tenants once for all views. Until then, and if they cannot be read, a tenant has its ID for a name. */
export function Tenants({ children }: { children: ComponentChildren }) {
  const loaded = useLoad("tenants", (signal) => get<Page<TenantState>>("tenants", undefined, signal), {
    every: EVERY_MS,
  });
  return <Known.Provider value={loaded}>{children}</Known.Provider>;
}

export function useTenants(): TenantState[] {
  return useContext(Known)?.data?.value ?? NONE;
}

/** Whether what the filters of a URL leave can be of several tenants, so that each item has to name its own. */
export function useSeveralTenants(filters: URLSearchParams): boolean {
  return useTenants().length > 1 && !filters.has("tenantId") && !filters.has("incidentId");
}

/** The same, with what reads them again; null while nobody has a key. */
export function useTenantsLoad(): Loaded<Page<TenantState>> | null {
  return useContext(Known);
}

/** What a tenant is called in a text. */
export function useTenantName(id: string | null): string {
  return visible(useTenants().find(({ tenantId }) => tenantId === id)?.name ?? id ?? "");
}

/** The name of a tenant, if it is known. Its tooltip is the ID. */
export function TenantName({ id }: { id: string | null }) {
  const tenant = useTenants().find((one) => one.tenantId === id);
  if (!tenant || tenant.name === id) return <TenantId id={id} />;
  return (
    <span title={tenant.tenantId}>
      <Untrusted text={tenant.name} />
    </span>
  );
}

/** The name of a tenant, and the way to its page. */
export function TenantLink({ id }: { id: string | null }) {
  return id ? (
    <Link to={tenantPage(id)}>
      <TenantName id={id} />
    </Link>
  ) : (
    <TenantName id={id} />
  );
}

export function tenantPage(id: string): URLSearchParams {
  return to(null, { tenant: id });
}
