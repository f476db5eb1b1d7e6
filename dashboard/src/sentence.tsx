// A finding in a sentence, as the heading of its page, the title of its tab, and the first line of a ticket.

import { Untrusted, visible } from "./text";
import type { Finding, FindingSummary } from "./wire";

type Told = Pick<FindingSummary, "exposed" | "resolution" | "message"> & { failure: Finding["failure"] };

/** What is said between the mailbox and the subject of the message, and after it. */
function parts({ exposed, resolution, message }: Told): [string, string] {
  if (exposed) return message.isRead ? ["has read", ", and can still open it"] : ["can still open", ""];
  if (exposed === false) return ["can no longer open", ""];
  return resolution === "nothing_to_do" ? ["has no mailbox that could hold", ""] : ["may still be able to open", ""];
}

const NO_SUBJECT = "a message without a subject";

export function Sentence({ of }: { of: Told }) {
  const [before, after] = parts(of);
  const { mailbox, subject } = of.failure;
  return (
    <>
      <Untrusted text={mailbox} /> {before}{" "}
      {subject ? (
        <>
          “<Untrusted text={subject} />”
        </>
      ) : (
        NO_SUBJECT
      )}
      {after}
    </>
  );
}

export function sentence(of: Told): string {
  const [before, after] = parts(of);
  const { mailbox, subject } = of.failure;
  return visible(`${mailbox} ${before} ${subject ? `“${subject}”` : NO_SUBJECT}${after}`);
}
