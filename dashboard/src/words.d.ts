/** What the service calls things. It writes this in front of the script (triage/api/dashboard.py). */
declare const WORDS: {
  /** The title of each cause. */
  causes: Record<string, string>;
  /** Why something is not known, within a sentence. */
  reasons: Record<string, string>;
  /** The same, if `{permission}` is what the triage identity does not have. */
  forbidden: string;
  /** The permissions that the triage identity asks for, by the set that infra/scripts/graph-permissions.sh grants. */
  sets: Record<string, string[]>;
};
