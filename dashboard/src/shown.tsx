// What is shown of something that is read from the API, and of a request that failed.

import { type ComponentChildren, createContext } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";
import { type ApiError, signIn } from "./api";
import type { Loaded } from "./load";
import { capital, clock, Untrusted } from "./text";

interface ShownProps<T> {
  of: Loaded<T>;
  /** What is read, within a sentence: "the findings". */
  what: string;
  children: (data: T) => ComponentChildren;
}

/** What was read, or that it is loading, or why it could not be read. */
export function Shown<T>({ of, what, children }: ShownProps<T>) {
  const { data } = of;
  const told = useContext(Told);
  const error = of.error && of.error.message === told ? undefined : of.error;
  if (data === undefined) {
    if (of.error && !error) return <p class="loading">Not loaded.</p>;
    if (error) return <Problem error={error} retryAt={of.retryAt} retry={of.reload} what={what} />;
    return <Loading what={what} />;
  }
  return (
    <>
      {error && <Stale of={of} what={what} />}
      {children(data)}
    </>
  );
}

export function Loading({ what }: { what: string }) {
  return (
    <p class="loading" role="status">
      <span class="spinner" aria-hidden="true" /> Loading {what}…
    </p>
  );
}

/** The message of an error that is shown above all that it concerns. */
const Told = createContext("");

/** Shows an error that several requests had only once: a service that is away fails all of them. */
export function ToldOnce({ of, children }: { of: Loaded<unknown>[]; children: ComponentChildren }) {
  const failed = of.filter(({ error }) => error);
  const [first] = failed;
  const same = failed.filter(({ error }) => error?.message === first?.error?.message);
  const once = first?.error && same.length > 1 ? first.error : undefined;
  const read = same.flatMap(({ at }) => (at ? [at] : []));
  const reload = () => same.forEach((load) => load.reload());
  return (
    <Told.Provider value={once?.message ?? ""}>
      {once &&
        (read.length ? (
          <Stale of={{ ...first!, at: new Date(Math.min(...read.map(Number))), reload }} what="this page" />
        ) : (
          <Problem error={once} retryAt={first!.retryAt} retry={reload} what="this page" />
        ))}
      {children}
    </Told.Provider>
  );
}

/** Says from when the data is, since it could not be read again. */
function Stale({ of, what }: { of: Loaded<unknown>; what: string }) {
  return (
    <div class="notice stale" role="status">
      <p>
        <strong>This is from {of.at ? clock(of.at) : "earlier"}.</strong> {capital(what)} could not be refreshed:{" "}
        {of.error && <Untrusted text={of.error.message} />} <Retry at={of.retryAt} />
      </p>
      <button type="button" onClick={of.reload} disabled={of.loading}>
        Try again
      </button>
    </div>
  );
}

const TITLES: Record<number, string> = {
  0: "No response",
  400: "This link contains an invalid value",
  401: "You are not signed in",
  403: "You do not have permission",
  404: "Not found",
  503: "The service is not available right now",
};

interface ProblemProps {
  error: ApiError;
  /** What failed, within a sentence: "the findings". */
  what: string;
  retryAt?: Date | undefined;
  retry?: (() => void) | undefined;
  /** What the button says that calls `retry`. */
  label?: string;
}

/** Why a request failed, and the button that tries it again. */
export function Problem({ error, what, retryAt, retry, label = "Try again" }: ProblemProps) {
  const signedOut = error.status === 401 && signIn === "easyauth";
  return (
    <div class="notice problem" role="alert">
      <div>
        <p>
          <strong>{TITLES[error.status] ?? `${capital(what)} could not be loaded`}.</strong>{" "}
          <Untrusted text={error.message} /> <Retry at={retryAt} />
        </p>
        {signedOut && <p>Reload the page to sign in again.</p>}
        {error.status === 403 && signIn === "keys" && <p>This function key does not allow it.</p>}
      </div>
      {signedOut ? (
        <button type="button" onClick={() => location.reload()}>
          Sign in
        </button>
      ) : (
        retry && (
          <button type="button" onClick={retry}>
            {label}
          </button>
        )
      )}
    </div>
  );
}

function Retry({ at }: { at: Date | undefined }) {
  const left = useSecondsUntil(at);
  return left === null ? null : <span aria-hidden="true">Retrying in {left} s.</span>;
}

function useSecondsUntil(at: Date | undefined): number | null {
  const [, tick] = useState(0);
  useEffect(() => {
    if (!at) return;
    const timer = setInterval(() => tick((n) => n + 1), 1000);
    return () => clearInterval(timer);
  }, [at]);
  return at ? Math.max(0, Math.ceil((at.valueOf() - Date.now()) / 1000)) : null;
}
