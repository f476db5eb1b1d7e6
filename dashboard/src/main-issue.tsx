import { capital, count, Untrusted, Why } from "./text";
import type { Audit } from "./wire";

/** The first issue of an app, or what could not be read, in a sentence. */
export function MainIssue({ audit }: { audit: Audit }) {
  const [first, ...others] = audit.issues;
  const [unread] = audit.unreadable;
  if (first) {
    return (
      <>
        <Untrusted text={first.summary} />
        {others.length > 0 && <span class="muted"> {count(others.length, "more issue")}.</span>}
      </>
    );
  }
  if (audit.verdict === "unknown" && unread) {
    return (
      <>
        {capital(unread.question)} <Why {...unread} />
      </>
    );
  }
  return null;
}
