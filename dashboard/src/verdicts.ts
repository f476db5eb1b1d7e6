import type { Audit, Verdict } from "./wire";

export const WORST_FIRST: Verdict[] = ["broken", "degraded", "unknown", "healthy", "not_applicable"];

/** Audits with the worst verdict first. */
export function worstFirst(audits: Audit[]): Audit[] {
  return [...audits].sort((a, b) => WORST_FIRST.indexOf(a.verdict) - WORST_FIRST.indexOf(b.verdict));
}
