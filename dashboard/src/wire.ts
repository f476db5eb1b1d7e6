// The API's shapes, as far as the page reads them.

export type Severity = "critical" | "high" | "medium" | "low" | "info";
export type Confidence = "confirmed" | "probable" | "possible" | "undetermined";
export type Verdict = "healthy" | "degraded" | "broken" | "unknown" | "not_applicable";
export type Outcome = "pass" | "fail" | "unknown" | "skipped";

export interface Page<T> {
  value: T[];
  nextLink?: string;
}

export interface Action {
  title: string;
  detail: string;
  url: string | null;
  command: string | null;
}

export interface Check {
  id: string;
  question: string;
  outcome: Outcome;
  request: string | null;
  status: number | null;
  errorCode: string | null;
  reason: string | null;
  permission: string | null;
  observed: Record<string, unknown>;
}

export interface Failure {
  mailbox: string;
  messageId: string | null;
  internetMessageId: string | null;
  error: string | null;
  errorCode: string | null;
  action: string | null;
  folder: string | null;
  initiator: string | null;
  verdict: string | null;
  subject: string | null;
  raw: Record<string, unknown>;
}

export interface Finding {
  id: string;
  tenantId: string | null;
  scenario: string;
  classifiedBy: string;
  cause: string;
  confidence: Confidence;
  severity: Severity;
  alternatives: string[];
  alsoSeen: string[];
  summary: string;
  actions: Action[];
  message: { location: string; folder: string | null; isRead: boolean | null; copies: number };
  exposed: boolean | null;
  checks: Check[];
  reasons: { check: string; reason: string; permission: string | null }[];
  failure: Failure;
  occurredAt: string;
  receivedAt: string;
  triagedAt: string;
  firstSeen: string;
  lastSeen: string;
  deliveries: number;
}

export interface Summary {
  since: string | null;
  until: string | null;
  total: number;
  byScenario: Record<string, number>;
  byCause: Record<string, number>;
  bySeverity: Record<string, number>;
  byConfidence: Record<string, number>;
  byDay: Record<string, number>;
  exposed: number;
}

export interface Issue {
  code: string;
  severity: Severity;
  summary: string;
  actions: Action[];
}

export interface Permission {
  name: string;
  type: string;
  need: string;
  state: string;
  privilegeLevel: number | null;
}

export interface Credential {
  kind: string;
  keyId: string | null;
  displayName: string | null;
  endDateTime: string | null;
  daysLeft: number | null;
  state: string;
}

export interface Drift {
  since: string;
  granted: string[];
  revoked: string[];
  changed: string[];
}

export interface Audit {
  id: string;
  tenantId: string;
  etdAppId: string | null;
  mode: string;
  auditedAt: string;
  verdict: Verdict;
  servicePrincipal: Record<string, unknown> | null;
  permissions: Permission[];
  credentials: Credential[];
  issues: Issue[];
  drift: Drift | null;
  unreadable: { question: string; reason: string; permission: string | null }[];
}

export interface Rejected {
  id: string;
  receivedAt: string;
  reason: string;
  detail: string;
  body: string;
}

export interface Health {
  status: string;
  checks: {
    storage: { status: string };
    graph: { status: string; reasons?: string[] };
    permissions: { status: string; lacking?: { permission: string; tenants: number }[] };
  };
}
