// What is copied into a ticket: Markdown. Text of a sender is escaped or in code, so that it is no markup there either.

import { sentence } from "./sentence";
import { outside } from "./steps";
import { count, title, visible, words } from "./text";
import type { Action, Finding, Incident } from "./wire";

/** A finding for a ticket. */
export function findingTicket(finding: Finding, tenant: string): string {
  const { failure, message } = finding;
  const place = message.folder ? `${words(message.location)} (${message.folder})` : words(message.location);
  const read = message.isRead === null ? "" : message.isRead ? ", read" : ", unread";
  return ticket(sentence(finding), finding.url, finding.summary, finding.actions, [
    ["Cause", `${title(finding.cause)} (${finding.confidence})`],
    ["Severity", words(finding.severity)],
    ["State", words(finding.state)],
    ["Tenant", tenant],
    ["Message", `${place}${read}`],
    ["Message-ID", failure.internetMessageId],
    ["Occurred", finding.occurredAt],
    ["Triaged", finding.triagedAt],
    ["Finding", finding.id],
    ["Incident", finding.incidentId],
  ]);
}

/** An incident for a ticket. */
export function incidentTicket(incident: Incident, tenant: string): string {
  const inReach = `${count(incident.exposed, "finding")} with a message in reach, ${incident.read} of them read`;
  return ticket(incident.title, incident.url, inReach, incident.actions, [
    ["Severity", words(incident.severity)],
    ["State", words(incident.state)],
    ["Tenant", tenant],
    ["Findings", `${incident.findings}, ${incident.openFindings} of them open`],
    ["Mailboxes", String(incident.mailboxes)],
    ["Open since", incident.openedAt],
    ["Last failure", incident.lastSeen],
    ["Incident", incident.id],
  ]);
}

type Fact = readonly [name: string, value: string | null];

export function ticket(heading: string, url: string, summary: string, actions: Action[], facts: Fact[]): string {
  const lines = [`## ${escaped(heading)}`, "", escaped(summary), ""];
  for (const [name, value] of facts) if (value) lines.push(`- ${name}: ${escaped(value)}`);
  lines.push(`- ${url}`);
  if (actions.length) lines.push("", "### What to do", "");
  actions.forEach((action, index) => {
    lines.push(`${index + 1}. **${escaped(action.title)}** ${escaped(action.detail)}`);
    const link = action.url ? outside(action.url) : null;
    if (link) lines.push(`   <${link.href}>`);
    if (action.command) lines.push("", ...fenced(action.command).map((line) => `   ${line}`), "");
  });
  return `${lines.join("\n").trimEnd()}\n`;
}

function escaped(text: string): string {
  return visible(text.replaceAll(/\s+/g, " ")).replaceAll(/[\\`*_[\]<>#|~]/g, String.raw`\$&`);
}

/** A command in a fence that is longer than any within it. */
function fenced(command: string): string[] {
  const longest = Math.max(2, ...(command.match(/`+/g) ?? []).map((ticks) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return [fence, ...command.split("\n"), fence];
}
