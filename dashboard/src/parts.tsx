// What several views are made of.

import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";

export const APP = "Remediation triage";

/** Sets the title of the browser's tab. */
export function setTitle(text: string): void {
  document.title = `${text} · ${APP}`;
}

let hadFocus = false;

interface HeadingProps {
  /** The title of the browser's tab. */
  tab: string;
  children: ComponentChildren;
  aside?: ComponentChildren;
  lead?: ComponentChildren;
}

/** The heading of a view. It takes the focus when the view opens (main.tsx), and passes it to the one that replaces it. */
export function Heading({ tab, children, aside, lead }: HeadingProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => setTitle(tab), [tab]);
  useLayoutEffect(() => {
    const node = heading.current;
    if (hadFocus) node?.focus({ preventScroll: true });
    hadFocus = false;
    return () => {
      hadFocus = node !== null && document.activeElement === node;
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

/** Says that there is nothing to show. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children && <p>{children}</p>}
    </div>
  );
}

/** A name and its value; nothing if there is no value. */
export function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  if (children === null || children === undefined || children === "" || children === false) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** What a reader sees instead of a button. */
export function ReadOnly() {
  return (
    <p class="do muted">
      You have read access. For actions, you need the app role <code>Triage.Write</code>.
    </p>
  );
}

interface ConfirmProps {
  title: string;
  children: ComponentChildren;
  yes: string;
  onYes: () => void;
  onNo: () => void;
}

/** A dialog that asks before an action. It is the browser's own: it keeps the focus, and Escape cancels. */
export function Confirm({ title, children, yes, onYes, onNo }: ConfirmProps) {
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
