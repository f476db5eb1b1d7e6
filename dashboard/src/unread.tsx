import { capital, Untrusted, Why } from "./text";
import type { Reason } from "./wire";

interface Unread {
  /** The question that could not be answered, or its name. */
  what: string;
  reason: Reason;
  permission: string | null;
  /** What Graph said about it, or which limit was reached. */
  detail?: string | null;
}

/** What could not be read, and why. Nothing if everything was. */
export function CouldNotBeRead({ all }: { all: Unread[] }) {
  if (!all.length) return null;
  return (
    <section class="panel" aria-labelledby="unread-title">
      <h2 id="unread-title">Could not be read</h2>
      <ul class="plain">
        {all.map(({ what, reason, permission, detail }, index) => (
          <li key={index}>
            <p>{capital(what)}</p>
            <p class="muted">
              <Why reason={reason} permission={permission} />
              {detail && (
                <>
                  {" "}
                  <Untrusted text={detail} />
                </>
              )}
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}
