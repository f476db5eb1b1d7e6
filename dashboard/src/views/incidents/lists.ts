// The lists of incidents: what each is asked for with, and what the page keeps of it.

import { get } from "../../api";
import { TIMES } from "../../filters";
import { kept, type Loaded, useLoad } from "../../load";
import type { Pages } from "../../paging";
import { bounds } from "../../period";
import { to } from "../../router";
import type { Incident, Page } from "../../wire";

export const FILTERS = ["state", "scope", "severity", "cause", "tenantId"];
/** What is listed if no state is chosen. */
export const TO_WORK_ON = "open,acknowledged";
const FIRST = 8;

/** The parameters of the request for the first page of a URL's list. */
export function asked(parameters: URLSearchParams): URLSearchParams {
  const filters = Object.fromEntries(FILTERS.map((name) => [name, parameters.get(name)]));
  return to(null, { ...filters, state: filters["state"] ?? TO_WORK_ON, ...bounds(parameters, "all"), top: "100" });
}

/** What the list of a URL is kept as. */
export function listKey(parameters: URLSearchParams): string {
  return `incidents ${[...FILTERS, ...TIMES].map((name) => parameters.get(name) ?? "").join(" ")}`;
}

/** Reads the worst incidents to work on, of one tenant or of all. */
export function useIncidents(every: number, tenantId?: string): Loaded<Page<Incident>> {
  const query = first(tenantId);
  return useLoad(`incidents ${query}`, (signal) => get<Page<Incident>>("incidents", query, signal), { every });
}

/** The incidents that the reader came from, as far as they were read: in the list of a URL, or as the worst ones. */
export function incidentIds(parameters: URLSearchParams): string[] {
  const rows = kept<Pages<Incident>>(listKey(parameters))?.rows;
  const worst = kept<Page<Incident>>(`incidents ${first(parameters.get("tenantId"))}`)?.value;
  return (rows ?? worst ?? []).map(({ id }) => id);
}

function first(tenantId: string | null | undefined): URLSearchParams {
  return to(null, { state: TO_WORK_ON, tenantId, top: String(FIRST) });
}
