// What people call the tenants.

import { type ComponentChildren, createContext } from "preact";
import { useContext } from "preact/hooks";
import { get } from "./api";
import { useLoad } from "./load";
import { TenantId, Untrusted } from "./text";
import type { Page, TenantState } from "./wire";

const EVERY_MS = 300_000;
const Known = createContext<TenantState[]>([]);

/** Reads the tenants once for all views. Until then, and if they cannot be read, a tenant has its ID for a name. */
export function Tenants({ children }: { children: ComponentChildren }) {
  const loaded = useLoad("tenants", (signal) => get<Page<TenantState>>("tenants", undefined, signal), {
    every: EVERY_MS,
  });
  return <Known.Provider value={loaded.data?.value ?? []}>{children}</Known.Provider>;
}

export function useTenants(): TenantState[] {
  return useContext(Known);
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
