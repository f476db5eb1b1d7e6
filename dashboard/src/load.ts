// Reading from the API: what was read before stays on the page while it is read again, and when that fails.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { arrived } from "./address";
import { ApiError } from "./api";

export interface Loaded<T> {
  /** What was read last, if anything. */
  data: T | undefined;
  /** When. */
  at: Date | undefined;
  /** Why it could not be read now. */
  error: ApiError | undefined;
  loading: boolean;
  /** When it will be tried again by itself. */
  retryAt: Date | undefined;
  reload: () => void;
}

interface Kept {
  data: unknown;
  at: Date;
}

const kept = new Map<string, Kept>();
const MOST_KEPT = 30;
const onDenied = new Set<() => void>();

/** Called whenever the service asks who one is. */
export function whenDenied(listener: () => void): () => void {
  onDenied.add(listener);
  return () => void onDenied.delete(listener);
}

export function forgetAll(): void {
  kept.clear();
}

export function denied(error: unknown): void {
  if (error instanceof ApiError && error.status === 401) for (const listener of onDenied) listener();
}

interface Options {
  /** Milliseconds after which it is read again, while the page is looked at. */
  every?: number;
  /** The browser's back button shows what was there, without reading it again. */
  backAsLeft?: boolean;
}

/** Reads what `key` names. */
export function useLoad<T>(key: string, read: (signal: AbortSignal) => Promise<T>, options: Options = {}): Loaded<T> {
  const { every, backAsLeft } = options;
  const [, redraw] = useState(0);
  const [round, setRound] = useState(0);
  const state = useRef<{ key: string; error?: ApiError; loading: boolean; retryAt?: Date }>({ key, loading: true });
  if (state.current.key !== key) state.current = { key, loading: true };
  const reading = useRef(read);
  reading.current = read;

  useEffect(() => {
    if (backAsLeft && arrived === "back" && round === 0 && kept.has(key)) {
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
        const error = reason instanceof ApiError ? reason : new ApiError(0, String(reason));
        denied(error);
        const wait = error.retryAfter ?? (error.status === 0 || error.status >= 500 ? 30 : null);
        state.current = { ...own, loading: false, error };
        if (wait !== null) {
          state.current.retryAt = new Date(Date.now() + wait * 1000);
          again(wait * 1000);
        }
      })
      .finally(() => {
        if (!stop.signal.aborted) draw();
      });
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [key, round, every]);

  const reload = useCallback(() => setRound((n) => n + 1), []);
  const found = kept.get(key);
  const { error, loading, retryAt } = state.current;
  return { data: found?.data as T | undefined, at: found?.at, error, loading, retryAt, reload };
}

/** Puts what is known of `key`, as if it had been read. */
export function keep(key: string, data: unknown): void {
  kept.delete(key);
  kept.set(key, { data, at: new Date() });
  const oldest = kept.keys().next();
  if (kept.size > MOST_KEPT && !oldest.done) kept.delete(oldest.value);
}
