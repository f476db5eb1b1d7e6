// What several views are made of: states of loading, steps of a remedy, a question before something is done.

import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { type ApiError, signIn } from "./api";
import type { Loaded } from "./load";
import { announce } from "./live";
import { capital, clock, Untrusted } from "./text";
import type { Action } from "./wire";

let focusWent = false;

/** A view's heading. It has the focus when one comes to the view (see main.tsx), and hands it to the one that replaces it. */
export function Heading({
  children,
  aside,
  lead,
}: {
  children: ComponentChildren;
  aside?: ComponentChildren;
  lead?: ComponentChildren;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => {
    const node = heading.current;
    if (focusWent) node?.focus({ preventScroll: true });
    focusWent = false;
    return () => {
      focusWent = node !== null && document.activeElement === node;
    };
  }, []);
  return (
    <header class="heading">
      <div class="heading-text">
        <h1 ref={heading} tabIndex={-1}>
          {children}
        </h1>
        {lead && <p class="lead">{lead}</p>}
      </div>
      {aside && <div class="heading-aside">{aside}</div>}
    </header>
  );
}

/** What is shown of something that is read: the thing, or that it is on its way, or why it is not there. */
export function Shown<T>({
  of,
  what,
  children,
}: {
  of: Loaded<T>;
  what: string;
  children: (data: T) => ComponentChildren;
}) {
  const { data, error } = of;
  if (data === undefined) {
    if (error) return <Problem error={error} retryAt={of.retryAt} retry={of.reload} what={what} />;
    return (
      <p class="loading" role="status">
        <span class="spinner" aria-hidden="true" /> Reading {what}…
      </p>
    );
  }
  return (
    <>
      {error && <Stale of={of} what={what} />}
      {children(data)}
    </>
  );
}

/** What is on the page could not be read again: it says from when it is. */
function Stale({ of, what }: { of: Loaded<unknown>; what: string }) {
  return (
    <div class="notice stale" role="status">
      <p>
        <strong>This is from {of.at ? clock(of.at) : "earlier"}.</strong> {capital(what)} could not be read again:{" "}
        {of.error && <Untrusted text={of.error.message} />} <Retry at={of.retryAt} />
      </p>
      <button type="button" onClick={of.reload} disabled={of.loading}>
        Try now
      </button>
    </div>
  );
}

const TITLES: Record<number, string> = {
  0: "No answer",
  400: "The address of this page asks for something that there is not",
  401: "You are not signed in",
  403: "You may not see this",
  404: "There is no such thing",
  503: "The service cannot answer just now",
};

export function Problem({
  error,
  what,
  retryAt,
  retry,
}: {
  error: ApiError;
  what: string;
  retryAt?: Date | undefined;
  retry?: (() => void) | undefined;
}) {
  return (
    <div class="notice problem" role="alert">
      <div>
        <p>
          <strong>{TITLES[error.status] ?? `${capital(what)} could not be read`}.</strong>{" "}
          <Untrusted text={error.message} /> <Retry at={retryAt} />
        </p>
        {error.status === 401 && signIn === "easyauth" && <p>Reload the page to sign in again.</p>}
        {error.status === 403 && signIn === "keys" && <p>The function key opens less than this.</p>}
      </div>
      {error.status === 401 && signIn === "easyauth" ? (
        <button type="button" onClick={() => location.reload()}>
          Sign in
        </button>
      ) : (
        retry && (
          <button type="button" onClick={retry}>
            Try again
          </button>
        )
      )}
    </div>
  );
}

function Retry({ at }: { at: Date | undefined }) {
  const left = useSecondsUntil(at);
  return left === null ? null : <span aria-hidden="true">Next try in {left} s.</span>;
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

/** Nothing is there, which can be good. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children && <p>{children}</p>}
    </div>
  );
}

/** The steps of a remedy, in order. */
export function Steps({ actions }: { actions: Action[] }) {
  return (
    <ol class="steps">
      {actions.map((action, index) => (
        <li key={index}>
          <h3>
            <Untrusted text={action.title} />
          </h3>
          <p>
            <Untrusted text={action.detail} />
          </p>
          {action.url && <Outside url={action.url} />}
          {action.command && <Command text={action.command} />}
        </li>
      ))}
    </ol>
  );
}

/** A link out of the page, to https only; anything else is shown and not linked. */
function Outside({ url }: { url: string }) {
  const target = URL.canParse(url) ? new URL(url) : null;
  if (target?.protocol !== "https:" || target.username || target.password) {
    return (
      <p class="muted">
        Not linked, since it is no https address: <Untrusted text={url} />
      </p>
    );
  }
  return (
    <p>
      <a href={target.href} target="_blank" rel="noopener noreferrer">
        Open {target.host}
        <span aria-hidden="true"> ↗</span>
        <span class="visually-hidden"> in a new tab</span>
      </a>
    </p>
  );
}

/** A command and the button that copies it, whole and as it is. */
function Command({ text }: { text: string }) {
  const code = useRef<HTMLElement>(null);
  const [said, say] = useState("");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      say("Copied");
      announce("The command is copied.");
    } catch {
      // No permission, or not a secure address: it is selected, for the keyboard to copy.
      if (code.current) getSelection()?.selectAllChildren(code.current);
      say("Press Ctrl+C");
      announce("The browser does not allow copying. The command is selected: copy it with the keyboard.");
    }
  };
  useEffect(() => {
    if (!said) return;
    const timer = setTimeout(() => say(""), 4000);
    return () => clearTimeout(timer);
  }, [said]);
  return (
    <div class="command">
      <pre tabIndex={0} role="group" aria-label="Command">
        <code ref={code}>
          <Untrusted text={text} />
        </code>
      </pre>
      <button type="button" onClick={() => void copy()}>
        {said || "Copy"}
        <span class="visually-hidden"> command</span>
      </button>
    </div>
  );
}

/** A question before something is done; the browser's own dialog keeps the focus, and Escape says no. */
export function Confirm({
  title,
  children,
  yes,
  onYes,
  onNo,
}: {
  title: string;
  children: ComponentChildren;
  yes: string;
  onYes: () => void;
  onNo: () => void;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} aria-labelledby="confirm-title" onClose={onNo}>
      <h2 id="confirm-title">{title}</h2>
      <p>{children}</p>
      <div class="buttons">
        <button type="button" onClick={() => dialog.current?.close()}>
          Cancel
        </button>
        <button
          type="button"
          class="primary"
          onClick={() => {
            onYes();
            dialog.current?.close();
          }}
        >
          {yes}
        </button>
      </div>
    </dialog>
  );
}

/** Text that goes on, with its name beside it; nothing where there is none. */
export function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  if (children === null || children === undefined || children === "" || children === false) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
