// What has a color has a shape and a word as well.

import type { ComponentChildren } from "preact";
import { words } from "./text";
import type { Check, Confidence, Outcome, Severity, Verdict } from "./wire";

function Glyph({ children }: { children: ComponentChildren }) {
  return (
    <svg class="glyph" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

const LINE = { fill: "none", "stroke-width": "1.8", "stroke-linecap": "round", "stroke-linejoin": "round" } as const;
const STROKE = { ...LINE, stroke: "currentColor" } as const;
const INNER = { ...LINE, stroke: "var(--surface)" } as const;
const QUESTION = <path d="M5.6 6a2.4 2.4 0 1 1 3.4 2.2c-.8.4-1 .8-1 1.6M8 12.4v.1" {...STROKE} />;
const DOT = <circle cx="8" cy="8" r="3.6" fill="currentColor" />;
const DASH = <path d="M3 8h10" {...STROKE} />;

const SEVERITIES: Record<Severity, ComponentChildren> = {
  critical: <path d="M8 .8 15.2 8 8 15.2.8 8z" fill="currentColor" />,
  high: <path d="M8 1.6 15 14.2H1z" fill="currentColor" />,
  medium: <rect x="2.4" y="2.4" width="11.2" height="11.2" rx="1.4" fill="currentColor" />,
  low: <circle cx="8" cy="8" r="5.2" fill="currentColor" />,
  info: <circle cx="8" cy="8" r="4.6" {...STROKE} />,
};

export function SeverityMark({ severity }: { severity: Severity }) {
  return (
    <span class={`mark severity-${severity}`}>
      <Glyph>{SEVERITIES[severity] ?? null}</Glyph>
      {words(severity)}
    </span>
  );
}

const VERDICTS: Record<Verdict, ComponentChildren> = {
  healthy: (
    <>
      <circle cx="8" cy="8" r="7.2" fill="currentColor" />
      <path d="m4.8 8.3 2.3 2.3 4.2-4.8" {...INNER} />
    </>
  ),
  degraded: (
    <>
      <path d="M8 1 15.4 14.6H.6z" fill="currentColor" />
      <path d="M8 6v4M8 12.3v.1" {...INNER} />
    </>
  ),
  broken: (
    <>
      <path d="M5 .8h6L15.2 5v6L11 15.2H5L.8 11V5z" fill="currentColor" />
      <path d="m5.4 5.4 5.2 5.2m0-5.2-5.2 5.2" {...INNER} />
    </>
  ),
  unknown: (
    <>
      <circle cx="8" cy="8" r="6.6" {...STROKE} stroke-dasharray="2.6 2.6" />
      <path d="M6.2 6.4a1.9 1.9 0 1 1 2.6 1.7c-.6.3-.8.6-.8 1.2M8 11.4v.1" {...STROKE} stroke-width="1.5" />
    </>
  ),
  not_applicable: DASH,
};

/** The shape of a verdict, with its word for a screen reader. */
export function VerdictGlyph({ verdict }: { verdict: Verdict }) {
  return (
    <span class={`mark verdict-${verdict}`} title={words(verdict)}>
      <Glyph>{VERDICTS[verdict] ?? null}</Glyph>
      <span class="visually-hidden">{words(verdict)}</span>
    </span>
  );
}

export function VerdictMark({ verdict }: { verdict: Verdict }) {
  return <Verdict of={verdict}>{words(verdict)}</Verdict>;
}

/** The state of a permission, a credential or a part of the service: good, a warning, bad, or unknown. */
export function StateMark({ state }: { state: string }) {
  return <Verdict of={verdictOf(state)}>{words(state)}</Verdict>;
}

function Verdict({ of, children }: { of: Verdict; children: string }) {
  return (
    <span class={`mark verdict-${of}`}>
      <Glyph>{VERDICTS[of] ?? null}</Glyph>
      {children}
    </span>
  );
}

const WORK: Record<string, ComponentChildren> = {
  open: (
    <>
      <circle cx="8" cy="8" r="6.4" {...STROKE} />
      <circle cx="8" cy="8" r="2.4" fill="currentColor" />
    </>
  ),
  acknowledged: (
    <>
      <circle cx="8" cy="8" r="6.4" {...STROKE} />
      <path d="M8 1.6a6.4 6.4 0 0 1 0 12.8z" fill="currentColor" />
    </>
  ),
  resolved: <path d="m2.8 8.6 3.4 3.4 7-8" {...STROKE} />,
  suppressed: (
    <>
      <circle cx="8" cy="8" r="6.4" {...STROKE} />
      <path d="m3.6 12.4 8.8-8.8" {...STROKE} />
    </>
  ),
};

/** Whether somebody has to act on a finding or an incident. */
export function WorkMark({ state }: { state: string }) {
  return (
    <span class={`mark work-${state}`}>
      <Glyph>{WORK[state] ?? null}</Glyph>
      {words(state)}
    </span>
  );
}

function verdictOf(state: string): Verdict {
  if (["granted", "included", "valid", "ok", "complete"].includes(state)) return "healthy";
  if (["expiring", "degraded", "behind", "partial"].includes(state)) return "degraded";
  return state === "unknown" ? "unknown" : "broken";
}

const EYE = "M1 8s2.6-4.6 7-4.6S15 8 15 8s-2.6 4.6-7 4.6S1 8 1 8z";

/** Whether the recipient can still open the message; null: unknown. */
export function ReachMark({ exposed }: { exposed: boolean | null }) {
  if (exposed === null) {
    return (
      <span class="mark reach-unknown">
        <Glyph>{QUESTION}</Glyph>
        {REACH.null}
      </span>
    );
  }
  return (
    <span class={`mark ${exposed ? "reach-yes" : "reach-no"}`}>
      <Glyph>
        <path d={EYE} {...STROKE} />
        {exposed ? <circle cx="8" cy="8" r="2.2" fill="currentColor" /> : <path d="M2.6 13.6 13.4 2.4" {...STROKE} />}
      </Glyph>
      {exposed ? REACH.true : REACH.false}
    </span>
  );
}

/** The words for the values of `exposed`. */
export const REACH = { true: "In reach", false: "Out of reach", null: "Unknown" };

const CONFIDENCES: Record<Confidence, string> = {
  confirmed: "Confirmed: read directly",
  probable: "Probable: the evidence fits this and little else",
  possible: "Possible: another cause fits as well",
  undetermined: "Undetermined: needed evidence could not be read",
};

/** How sure the cause is. `whole`: with what that means. */
export function ConfidenceMark({ confidence, whole = false }: { confidence: Confidence; whole?: boolean }) {
  return (
    <span class="confidence" title={CONFIDENCES[confidence]}>
      {whole ? CONFIDENCES[confidence] : words(confidence)}
    </span>
  );
}

const OUTCOMES: Record<Outcome, ComponentChildren> = {
  pass: <path d="m2.8 8.6 3.4 3.4 7-8" {...STROKE} />,
  fail: <path d="m3.6 3.6 8.8 8.8m0-8.8-8.8 8.8" {...STROKE} />,
  unknown: QUESTION,
  skipped: DASH,
};

const ANSWERS: Record<Outcome, string> = {
  pass: "Yes",
  fail: "No",
  unknown: "Could not be read",
  skipped: "Not applicable",
};

/** The answer to the question of a check. No answer is wrong if the check asks for a fact, so that has no color. */
export function OutcomeMark({ check: { kind, outcome, observed } }: { check: Check }) {
  if (kind === "fact" && outcome === "pass") {
    const found = observed["found"] !== false;
    return (
      <span class="mark">
        <Glyph>{found ? DOT : DASH}</Glyph>
        {found ? "Found" : "Not found"}
      </span>
    );
  }
  return (
    <span class={`mark outcome-${outcome}`}>
      <Glyph>{OUTCOMES[outcome] ?? null}</Glyph>
      {ANSWERS[outcome] ?? words(outcome)}
    </span>
  );
}
