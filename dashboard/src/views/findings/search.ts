// What a reader types to find something: a mailbox, a domain, a Message-ID, or the ID of a finding or an incident.

import { ApiError, get } from "../../api";
import { setFilters } from "../../filters";
import { go, to } from "../../router";
import type { TenantState } from "../../wire";

const VIEW = "findings";
/** A Message-ID as it is copied from headers, a report or a log. The service repairs it. */
const MESSAGE_ID = /^(?:message-id:|<|&lt;|%3c)/i;
/** An ID, or how one begins, as the command line shows it. */
const ID = /^[0-9a-f]{6,32}$/;

/** Looks for a text that the reader has typed in the list of findings. */
export async function search(text: string, tenants: TenantState[]): Promise<void> {
  if (MESSAGE_ID.test(text)) return setFilters(VIEW, { mailbox: "", internetMessageId: text });
  const named = ID.test(text) ? await itemOf(text) : undefined;
  if (named) return go(named);
  setFilters(VIEW, { mailbox: mailboxFilter(text, tenants), internetMessageId: "" });
}

/** The page of the finding or the incident whose ID begins like this. */
async function itemOf(text: string): Promise<URLSearchParams | undefined> {
  for (const [item, path] of Object.entries({ finding: "findings", incident: "incidents" })) {
    try {
      const { id } = await get<{ id: string }>(`${path}/${text}`);
      return to(path, { [item]: id });
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) return undefined; // the list shows what is wrong
    }
  }
  return undefined;
}

/** What is asked for when a reader types an address, a domain, or how an address begins. */
function mailboxFilter(text: string, tenants: TenantState[]): string {
  const domain = text.replace(/^\*?@/, "");
  if (domain !== text || tenants.some(({ domains }) => domains.includes(text.toLowerCase()))) return `*@${domain}`;
  return !text || /[@*\s]/.test(text) ? text : `${text}*`;
}
