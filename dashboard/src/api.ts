// The API, asked as anyone asks it. The page is at <prefix>/dashboard and its files below that, whatever the prefix is.

const ROOT = new URL("../", import.meta.url);
const PATIENCE_MS = 35_000; // the service answers within 30 s
const KEY = "functions-key";

export const signIn: "keys" | "easyauth" =
  document.documentElement.dataset["auth"] === "easyauth" ? "easyauth" : "keys";

export interface FieldError {
  pointer: string;
  detail: string;
}

/** An answer that is none. `status` 0: there was no answer. `retryAfter`: seconds, where the service says so. */
export class ApiError extends Error {
  readonly status: number;
  readonly retryAfter: number | null;
  readonly fields: FieldError[];

  constructor(status: number, message: string, retryAfter: number | null = null, fields: FieldError[] = []) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
    this.fields = fields;
  }
}

export function readKey(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return memory;
  }
}

let memory: string | null = null; // where storage is blocked the key lives as long as the page

export function keepKey(key: string | null): void {
  memory = key;
  try {
    if (key) sessionStorage.setItem(KEY, key);
    else sessionStorage.removeItem(KEY);
  } catch {
    // the page has it in memory
  }
}

/** GET of a path below the API's root. */
export function get<T>(path: string, parameters?: URLSearchParams, signal?: AbortSignal): Promise<T> {
  const query = parameters?.toString();
  return ask<T>("GET", query ? `${path}?${query}` : path, undefined, signal);
}

/** POST of a body as JSON. */
export function post<T>(path: string, body: unknown): Promise<T> {
  return ask<T>("POST", path, body);
}

/** The parameters of a page's `nextLink`. Its host is not asked: behind a proxy it may be one that is not reached. */
export function nextParameters(link: string | undefined): URLSearchParams | null {
  return link ? new URL(link, ROOT).searchParams : null;
}

async function ask<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  const key = readKey();
  if (key) headers["x-functions-key"] = key;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const patience = AbortSignal.timeout(PATIENCE_MS);
  let response: Response;
  try {
    response = await fetch(new URL(path, ROOT), {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, patience]) : patience,
      credentials: "same-origin",
      cache: "no-store",
      redirect: "manual", // a redirect is the platform's way to a sign-in page, which a script must not follow
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, patience.aborted ? "The service took too long to answer." : "The service cannot be reached.");
  }
  if (response.type === "opaqueredirect") throw new ApiError(401, "You are signed out.");
  const value = await readJson(response);
  if (!response.ok) throw failure(response, value);
  if (value === undefined) throw new ApiError(response.status, "The answer is not JSON: something else answered.");
  return value as T;
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return (await response.json()) as unknown;
  } catch {
    return undefined;
  }
}

function failure(response: Response, value: unknown): ApiError {
  const problem = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  const detail = typeof problem["detail"] === "string" ? problem["detail"] : `The service answered ${response.status}.`;
  const fields = Array.isArray(problem["errors"]) ? (problem["errors"] as FieldError[]) : [];
  return new ApiError(response.status, detail, retryAfter(response.headers.get("Retry-After")), fields);
}

/** `Retry-After` in seconds: a number of them, or a date. */
function retryAfter(value: string | null): number | null {
  if (!value) return null;
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.min(Math.max(Math.ceil(seconds), 1), 600) : null;
}
