// Words, times and numbers for people, and text that the page does not trust.

import type { ComponentChildren } from "preact";
import type { Reason } from "./wire";

const ACRONYMS: Record<string, string> = { id: "ID", json: "JSON", ok: "OK" };

/** A name of the API as words: `mailbox_unavailable` as "Mailbox unavailable", `accountEnabled` as "Account enabled". */
export function words(name: string): string {
  const lower = name.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).split("_");
  return capital(lower.map((word) => (Object.hasOwn(ACRONYMS, word) ? ACRONYMS[word] : word)).join(" "));
}

/** The title of a cause, or of an issue of an audit: `user_deleted` as "The user was deleted". */
export function title(code: string): string {
  return own(WORDS.causes, code) ?? words(code);
}

/** The text of a key, which may be any text; undefined if it has none. */
function own(texts: Record<string, string>, key: string): string | undefined {
  return Object.hasOwn(texts, key) ? texts[key] : undefined;
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Why something is not known, as a sentence. */
export function Why({ reason, permission }: { reason: Reason; permission: string | null }) {
  if (!permission) return <>{capital(own(WORDS.reasons, reason) ?? words(reason))}.</>;
  const [before = "", after = ""] = WORDS.forbidden.split("{permission}");
  return (
    <>
      {capital(before)}
      <code>{permission}</code>
      {after}.
    </>
  );
}

/** A JSON value for people. */
export function valueText(value: unknown): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.length ? value.map(valueText).join(", ") : "none";
  if (typeof value === "boolean") return value ? "yes" : "no";
  return JSON.stringify(value);
}

// Characters that are invisible and change the text: control characters, and those that turn the direction of writing.
const HIDDEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/u;
const SPLIT = new RegExp(`(${HIDDEN.source})`, "u");

/**
 * Text of a sender, a mailbox or a service. It is never markup, does not turn the text beside it around, and shows its
 * hidden characters.
 */
export function Untrusted({ text }: { text: string }) {
  if (!HIDDEN.test(text)) return <bdi>{text}</bdi>;
  const parts = text.split(SPLIT).map((part) =>
    HIDDEN.test(part) ? (
      <span class="hidden-character" title="Hidden character">
        U+{part.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0")}
      </span>
    ) : (
      part
    ),
  );
  return <bdi>{parts}</bdi>;
}

/** The same for where there is only text, such as the title of the tab: hidden characters are written as their number. */
export function visible(text: string): string {
  return text
    .split(SPLIT)
    .map((part) => (HIDDEN.test(part) ? `U+${part.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0")}` : part))
    .join("");
}

const NUMBER = new Intl.NumberFormat("en");
export const number = (value: number): string => NUMBER.format(value);

/** "1 message", "2 messages". */
export function count(value: number, one: string, many = `${one}s`): string {
  return `${number(value)} ${value === 1 ? one : many}`;
}

const DAY: Intl.DateTimeFormatOptions = { day: "numeric", month: "short" };
const CLOCK: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const THIS_YEAR = new Intl.DateTimeFormat("en-GB", { ...DAY, ...CLOCK });
const OTHER_YEAR = new Intl.DateTimeFormat("en-GB", { ...DAY, year: "numeric", ...CLOCK });
const TIME = new Intl.DateTimeFormat("en-GB", { ...CLOCK, second: "2-digit" });
const SHORT = new Intl.DateTimeFormat("en-GB", CLOCK);
const UTC_DAY = new Intl.DateTimeFormat("en-GB", { ...DAY, timeZone: "UTC" });
const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "long" });

export const clock = (date: Date): string => TIME.format(date);
export const shortClock = (milliseconds: number): string => SHORT.format(milliseconds);
export const utcDay = (date: Date): string => UTC_DAY.format(date);

/** The reader's offset from UTC, such as "UTC+01:00". */
export function zone(): string {
  const minutes = -new Date().getTimezoneOffset();
  if (minutes === 0) return "UTC";
  const pad = (value: number) => String(value).padStart(2, "0");
  return `UTC${minutes < 0 ? "−" : "+"}${pad(Math.floor(Math.abs(minutes) / 60))}:${pad(Math.abs(minutes) % 60)}`;
}

/** "3 minutes ago", "yesterday". */
export function ago(instant: string, now = Date.now()): string {
  const seconds = (Date.parse(instant) - now) / 1000;
  const steps: [number, Intl.RelativeTimeFormatUnit][] = [
    [86_400, "day"],
    [3600, "hour"],
    [60, "minute"],
  ];
  for (const [size, unit] of steps) {
    if (Math.abs(seconds) >= size) return RELATIVE.format(Math.trunc(seconds / size), unit);
  }
  return "just now";
}

/** A number of seconds in the largest unit that it fills: "40 minutes", "3 hours". */
export function duration(seconds: number): string {
  if (seconds >= 2 * 86_400) return count(Math.floor(seconds / 86_400), "day");
  if (seconds >= 2 * 3600) return count(Math.floor(seconds / 3600), "hour");
  if (seconds >= 60) return count(Math.floor(seconds / 60), "minute");
  return count(Math.round(seconds), "second");
}

/** An instant in the reader's time zone. Its tooltip has the instant in UTC, to the second. */
export function Time({ at, relative = false }: { at: string; relative?: boolean }) {
  const date = new Date(at);
  if (Number.isNaN(date.valueOf())) return <Untrusted text={at} />;
  const format = date.getFullYear() === new Date().getFullYear() ? THIS_YEAR : OTHER_YEAR;
  return (
    <time dateTime={at} title={at}>
      {relative ? ago(at) : format.format(date)}
    </time>
  );
}

/** An instant (milliseconds) in few words: the time of today, or the day and the time. */
export function Moment({ at }: { at: number }) {
  const date = new Date(at);
  const today = date.toDateString() === new Date().toDateString();
  return <time dateTime={date.toISOString()}>{today ? SHORT.format(date) : THIS_YEAR.format(date)}</time>;
}

/** The ID of a tenant, if it is known. */
export function TenantId({ id }: { id: string | null }) {
  return id ? <code class="id">{id}</code> : <span class="muted">unknown</span>;
}

/** Several things, separated by commas. */
export function list(items: ComponentChildren[]): ComponentChildren[] {
  return items.flatMap((item, index) => (index ? [", ", item] : [item]));
}
