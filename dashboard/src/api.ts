// Requests to the API. The page is at <prefix>/dashboard and its files are below that, whatever the prefix is.

import type { ProblemBody, ProblemError } from "./wire";

/** The URL that the paths of the API are below. */
export const ROOT = new URL("../", import.meta.url);
const TIMEOUT_MS = 35_000; // the service answers within 30 s
const KEY = "functions-key";

export const signIn: "keys" | "easyauth" =
  document.documentElement.dataset["auth"] === "easyauth" ? "easyauth" : "keys";

/** Whether the reader may change something. With a function key only the service knows, when it is asked. */
export const mayWrite = document.documentElement.dataset["may"] !== "read";

/** A request that failed. `status` 0: there was no response. `retryAfter`: seconds, if the service gives them. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly retryAfter: number | null = null,
    readonly fields: ProblemError[] = [],
  ) {
    super(message);
  }
}

export function readKey(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return memory;
  }
}

let memory: string | null = null; // if storage is blocked, the key lasts as long as the page

export function keepKey(key: string | null): void {
  memory = key;
  answers.clear();
  try {
    if (key) sessionStorage.setItem(KEY, key);
    else sessionStorage.removeItem(KEY);
  } catch {
    // the page has it in memory
  }
}

/** GET of a path below the API's root. Throws ApiError. */
export function get<T>(path: string, parameters?: URLSearchParams, signal?: AbortSignal): Promise<T> {
  const query = parameters?.toString();
  return send<T>("GET", query ? `${path}?${query}` : path, undefined, signal);
}

/** POST of a body as JSON. Throws ApiError. */
export function post<T>(path: string, body: unknown): Promise<T> {
  return send<T>("POST", path, body);
}

/** Everything that a path has as CSV. It comes in several answers if it is long. Throws ApiError. */
export async function csv(path: string, parameters: URLSearchParams): Promise<Blob> {
  const parts: string[] = [];
  let query: URLSearchParams | null = new URLSearchParams(parameters);
  query.set("format", "csv");
  while (query) {
    const response = await request("GET", `${path}?${query}`, { Accept: "text/csv" });
    if (!response.ok) throw failure(response, await readJson(response));
    parts.push(await response.text());
    query = nextParameters(/<([^>]+)>; rel="next"/.exec(response.headers.get("Link") ?? "")?.[1]);
  }
  return new Blob(parts, { type: "text/csv" });
}

/** The parameters of a `nextLink`. Its host is ignored: behind a proxy, the browser may not reach it. */
export function nextParameters(link: string | undefined): URLSearchParams | null {
  return link ? new URL(link, ROOT).searchParams : null;
}

/** The newest answers by path, so that an answer that did not change is not sent again. */
const answers = new Map<string, { etag: string; value: unknown }>();
const MAX_ANSWERS = 24;

function remember(path: string, etag: string, value: unknown): void {
  answers.delete(path);
  answers.set(path, { etag, value });
  const oldest = answers.keys().next();
  if (answers.size > MAX_ANSWERS && !oldest.done) answers.delete(oldest.value);
}

async function send<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const known = method === "GET" ? answers.get(path) : undefined;
  if (known) headers["If-None-Match"] = known.etag;
  const response = await request(method, path, headers, body, signal);
  if (response.status === 304 && known) return known.value as T;
  const value = await readJson(response);
  if (!response.ok) throw failure(response, value);
  if (value === undefined) {
    throw new ApiError(response.status, "The response is not JSON, so it did not come from the service.");
  }
  const etag = method === "GET" && response.headers.get("ETag");
  if (etag) remember(path, etag, value);
  return value as T;
}

async function request(
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: unknown,
  signal?: AbortSignal,
): Promise<Response> {
  const key = readKey();
  if (key) headers["x-functions-key"] = key;
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  let response: Response;
  try {
    response = await fetch(new URL(path, ROOT), {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      credentials: "same-origin",
      cache: "no-store",
      redirect: "manual", // the platform redirects to its sign-in page, which a script must not follow
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, timeout.aborted ? "The service took too long to respond." : "The service cannot be reached.");
  }
  if (response.type === "opaqueredirect") throw new ApiError(401, "You are signed out.");
  return response;
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return (await response.json()) as unknown;
  } catch {
    return undefined;
  }
}

/** The error of a response that may be a problem of the service, or may come from a proxy before it. */
function failure(response: Response, value: unknown): ApiError {
  const problem = (typeof value === "object" && value !== null ? value : {}) as Partial<ProblemBody>;
  const detail = typeof problem.detail === "string" ? problem.detail : `The service responded with ${response.status}.`;
  const fields = Array.isArray(problem.errors) ? problem.errors : [];
  return new ApiError(response.status, detail, retryAfter(response.headers.get("Retry-After")), fields);
}

/** `Retry-After` in seconds. The header has seconds or a date. */
function retryAfter(value: string | null): number | null {
  if (!value) return null;
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.min(Math.max(Math.ceil(seconds), 1), 600) : null;
}
