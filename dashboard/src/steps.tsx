// The steps of a remedy.

import { useRef } from "preact/hooks";
import { Copy } from "./copy";
import { announce } from "./live";
import { Untrusted } from "./text";
import type { Action } from "./wire";

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
          {action.url && <OutsideLink url={action.url} />}
          {action.command && <Command text={action.command} />}
        </li>
      ))}
    </ol>
  );
}

/** The URL of another site; null if it is not a plain https URL. */
export function outside(url: string): URL | null {
  const target = URL.canParse(url) ? new URL(url) : null;
  return target?.protocol !== "https:" || target.username || target.password ? null : target;
}

/** A link to another site. Only an https URL without credentials becomes one; any other is shown as text. */
function OutsideLink({ url }: { url: string }) {
  const target = outside(url);
  if (!target) {
    return (
      <p class="muted">
        Not linked because it is not a plain https URL: <Untrusted text={url} />
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

/** A command and the button that copies it unchanged. */
export function Command({ text }: { text: string }) {
  const code = useRef<HTMLElement>(null);
  // Copying is not allowed, or the page is not on https: select the command, so that the keyboard can copy it.
  const select = () => {
    if (code.current) getSelection()?.selectAllChildren(code.current);
    announce("The browser does not allow copying. The command is selected: copy it with the keyboard.");
    return "Press Ctrl+C";
  };
  return (
    <div class="command">
      <pre tabIndex={0} role="group" aria-label="Command">
        <code ref={code}>
          <Untrusted text={text} />
        </code>
      </pre>
      <Copy text={() => text} what="command" otherwise={select}>
        Copy
      </Copy>
    </div>
  );
}
