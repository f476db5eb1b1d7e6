// Reads from the API. What was read stays on the page while it is read again, and if that fails.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "./api";
import { arrived } from "./router";

export interface Loaded<T> {
  /** What was read last, if anything. */
  data: T | undefined;
  /** When it was read. */
  at: Date | undefined;
  /** Why the last read failed. */
  error: ApiError | undefined;
  loading: boolean;
  /** When the page retries by itself. */
  retryAt: Date | undefined;
  reload: () => void;
}

interface Kept {
  data: unknown;
  at: Date;
}

const values = new Map<string, Kept>();
const MAX_KEPT = 30;
const RETRY_SECONDS = 30; // if the service does not say when
const onUnauthorized = new Set<() => void>();

/** Calls the listener whenever the service answers 401. Returns a function that stops it. */
export function whenUnauthorized(listener: () => void): () => void {
  onUnauthorized.add(listener);
  return () => void onUnauthorized.delete(listener);
}

export function forgetAll(): void {
  values.clear();
}

/** What a request threw, as an ApiError. A 401 goes to the listeners as well. */
export function errorOf(reason: unknown): ApiError {
  const error = reason instanceof ApiError ? reason : new ApiError(0, String(reason));
  if (error.status === 401) for (const listener of onUnauthorized) listener();
  return error;
}

interface Options {
  /** Milliseconds until it is read again, while the page is visible. */
  every?: number;
  /** Also waits for this time before the first read. */
  later?: boolean;
  /** After the browser's back button, shows what was there without reading it again. */
  backAsLeft?: boolean;
}

/** Reads what `key` names. */
export function useLoad<T>(key: string, read: (signal: AbortSignal) => Promise<T>, options: Options = {}): Loaded<T> {
  const { every, later, backAsLeft } = options;
  const [, redraw] = useState(0);
  const [round, setRound] = useState(0);
  const state = useRef<{ key: string; error?: ApiError; loading: boolean; retryAt?: Date }>({ key, loading: true });
  if (state.current.key !== key) state.current = { key, loading: true };
  const reading = useRef(read);
  reading.current = read;

  useEffect(() => {
    if (backAsLeft && arrived === "back" && round === 0 && values.has(key)) {
      state.current = { key, loading: false };
      redraw((n) => n + 1);
      return;
    }
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const own = (state.current = { ...state.current, loading: true });
    const draw = () => redraw((n) => n + 1);
    const again = (ms: number) => {
      timer = setTimeout(() => {
        if (document.visibilityState === "visible") setRound((n) => n + 1);
        else
          document.addEventListener("visibilitychange", () => setRound((n) => n + 1), {
            once: true,
            signal: stop.signal,
          });
      }, ms);
    };
    const end = () => {
      stop.abort();
      clearTimeout(timer);
    };
    if (later && every && round === 0) {
      state.current = { key, loading: false };
      again(every);
      return end;
    }
    draw();
    reading
      .current(stop.signal)
      .then((data) => {
        if (stop.signal.aborted) return;
        keep(key, data);
        state.current = { key, loading: false };
        if (every) again(every);
      })
      .catch((reason: unknown) => {
        if (stop.signal.aborted) return;
        const error = errorOf(reason);
        const wait = error.retryAfter ?? (error.status === 0 || error.status >= 500 ? RETRY_SECONDS : null);
        state.current = { ...own, loading: false, error };
        if (wait !== null) {
          state.current.retryAt = new Date(Date.now() + wait * 1000);
          again(wait * 1000);
        }
      })
      .finally(() => {
        if (!stop.signal.aborted) draw();
      });
    return end;
  }, [key, round, every]);

  const reload = useCallback(() => setRound((n) => n + 1), []);
  const found = values.get(key);
  const { error, loading, retryAt } = state.current;
  return { data: found?.data as T | undefined, at: found?.at, error, loading, retryAt, reload };
}

/** What is kept for `key`. */
export function kept<T>(key: string): T | undefined {
  return values.get(key)?.data as T | undefined;
}

/** Keeps a value for `key`, as if it had been read. */
export function keep(key: string, data: unknown): void {
  values.delete(key);
  values.set(key, { data, at: new Date() });
  const oldest = values.keys().next();
  if (values.size > MAX_KEPT && !oldest.done) values.delete(oldest.value);
}

const PATIENCE_MS = 1000;

/** Whether all have answered, or a second has passed. What appears part by part moves the parts below it, and a click misses. */
export function useAnswered(loads: Loaded<unknown>[]): boolean {
  const [late, setLate] = useState(false);
  const answered = useRef(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  answered.current ||= late || loads.every(({ data, error }) => data !== undefined || error !== undefined);
  return answered.current;
}
