// Generated from the service's OpenAPI description: make page. Do not edit.

/** A page of a collection. */
export interface Page<T> {
  value: T[];
  /** The URL of the next page, if there is one */
  nextLink?: string;
}

/** The accepted failures. */
export interface AcceptedBody {
  /** One entry for each failure in each mailbox. */
  accepted: AcceptedFailure[];
}

/** An accepted failure. Its finding exists after the failure is triaged. */
export interface AcceptedFailure {
  /** The sender's ID of the failure. */
  id: string | null;
  /** The ID of the finding. */
  findingId: string;
  /** The mailbox, normalized. */
  mailbox: string;
}

/** One step of a remedy, filled in. */
export interface Action {
  title: string;
  detail: string;
  url: string | null;
  command: string | null;
}

/** One audit of one tenant. */
export interface Audit {
  id: string;
  tenantId: string;
  etdAppId: string | null;
  mode: Mode;
  auditedAt: string;
  verdict: Verdict;
  servicePrincipal: AuditedPrincipal | null;
  permissions: AuditedPermission[];
  credentials: AuditedCredential[];
  issues: Issue[];
  drift: Drift | null;
  unreadable: Unreadable[];
}

/** The verdict of a tenant's newest audit. */
export interface AuditState {
  tenantId: string;
  verdict: Verdict;
  auditedAt: string;
}

/** A secret or certificate of the app's registration. `daysLeft` is negative once it has expired. */
export interface AuditedCredential {
  kind: string;
  keyId: string | null;
  displayName: string | null;
  endDateTime: string | null;
  daysLeft: number | null;
  state: string;
}

/** One permission on Microsoft Graph: whether it is needed, and whether it is granted. */
export interface AuditedPermission {
  name: string;
  id: string | null;
  type: string;
  need: string;
  state: PermissionState;
  privilegeLevel: number | null;
}

/** The app's service principal, as Graph has it. */
export interface AuditedPrincipal {
  id: string | null;
  displayName: string | null;
  accountEnabled: boolean | null;
  isDisabled: boolean | null;
  disabledByMicrosoftStatus: string | null;
  signInAudience: string | null;
  appOwnerOrganizationId: string | null;
}

/** Why a remediation failed, in the order of precedence. */
export type Cause = (typeof CAUSE_VALUES)[number];
export const CAUSE_VALUES = [
  "app_not_found",
  "app_deleted",
  "app_disabled",
  "consent_missing",
  "permission_delegated_only",
  "permission_missing",
  "app_read_mode",
  "credential_expired",
  "access_policy_blocked",
  "app_healthy",
  "user_deleted",
  "recipient_is_group",
  "recipient_is_contact",
  "guest_user",
  "app_single_tenant",
  "domain_in_other_tenant",
  "domain_unknown",
  "user_not_found",
  "license_assignment_failed",
  "exchange_plan_disabled",
  "license_lapsed",
  "provisioning_error",
  "mailbox_provisioning",
  "mailbox_on_premises",
  "mailbox_unlicensed",
  "mailbox_disconnected",
  "message_remediated",
  "message_deleted",
  "message_recoverable",
  "message_moved",
  "message_gone",
  "address_is_alias",
  "message_present",
  "mailbox_reachable",
  "undetermined",
] as const;

/** One question, and its answer. */
export interface Check {
  id: string;
  question: string;
  kind: Kind;
  outcome: Outcome;
  request: string | null;
  status: number | null;
  errorCode: string | null;
  reason: Reason | null;
  permission: string | null;
  observed: Record<string, unknown>;
}

/** What the scenario was read from. */
export type ClassifiedBy = (typeof CLASSIFIED_BY_VALUES)[number];
export const CLASSIFIED_BY_VALUES = [
  "error_code",
  "error_text",
  "none",
] as const;

/** How sure a cause is. */
export type Confidence = (typeof CONFIDENCE_VALUES)[number];
export const CONFIDENCE_VALUES = [
  "confirmed",
  "probable",
  "possible",
  "undetermined",
] as const;

/** What changed since an earlier audit. */
export interface Drift {
  since: string;
  granted: string[];
  revoked: string[];
  changed: string[];
}

/** One failure in one mailbox: why it failed, whether the message can still be opened, and what to do. */
export interface Finding {
  id: string;
  tenantId: string | null;
  scenario: Scenario;
  classifiedBy: ClassifiedBy;
  cause: Cause;
  confidence: Confidence;
  severity: Severity;
  alternatives: Cause[];
  alsoSeen: Cause[];
  summary: string;
  actions: Action[];
  message: MessageState;
  exposed: boolean | null;
  checks: Check[];
  reasons: Lack[];
  failure: RemediationFailure;
  occurredAt: string;
  receivedAt: string;
  triagedAt: string;
  firstSeen: string;
  lastSeen: string;
  deliveries: number;
}

/** Whether Graph answers in every tenant; `reasons` says why not. */
export interface GraphHealth {
  status: "ok" | "degraded";
  reasons?: Reason[];
}

/** The health of the service. It is down if storage is, and degraded if another check is. */
export interface Health {
  status: "ok" | "degraded" | "down";
  checks: HealthChecks;
}

/** What the health is made of. */
export interface HealthChecks {
  storage: StorageHealth;
  graph: GraphHealth;
  permissions: PermissionHealth;
}

/** Something to fix. */
export interface Issue {
  code: string;
  severity: Severity;
  summary: string;
  actions: Action[];
}

/** What the answer of a question means. */
export type Kind = (typeof KIND_VALUES)[number];
export const KIND_VALUES = [
  "yes_no",
  "fact",
] as const;

/** What could not be known: the check, why, and the permission that the triage identity lacks for it, if any. */
export interface Lack {
  check: string;
  reason: Reason;
  permission: string | null;
}

/** A permission that the triage identity does not have, and in how many tenants. */
export interface LackingPermission {
  permission: string;
  tenants: number;
}

/** A place in a mailbox, in the order of how easily a person opens a message there. */
export type Location = (typeof LOCATION_VALUES)[number];
export const LOCATION_VALUES = [
  "inbox",
  "other_folder",
  "archive_folder",
  "junk",
  "sent_items",
  "deleted_items",
  "recoverable_items",
  "quarantine",
  "not_found",
  "not_checked",
  "unknown",
] as const;

/** Where the message is: its most reachable copy, and how many copies there are. */
export interface MessageState {
  location: Location;
  folder: string | null;
  isRead: boolean | null;
  copies: number;
}

/** How Email Threat Defense is allowed into the tenant (Administration > Business). */
export type Mode = (typeof MODE_VALUES)[number];
export const MODE_VALUES = [
  "read_write",
  "read",
  "no_auth",
] as const;

/** pass: yes, or a fact was read; fail: no; unknown: could not be read; skipped: does not apply to this failure. */
export type Outcome = (typeof OUTCOME_VALUES)[number];
export const OUTCOME_VALUES = [
  "pass",
  "fail",
  "unknown",
  "skipped",
] as const;

/** Whether the triage identity has its permissions in every tenant. */
export interface PermissionHealth {
  status: "ok" | "degraded" | "unknown";
  lacking: LackingPermission[];
}

/** The state of one permission of type Application. */
export type PermissionState = (typeof PERMISSION_STATE_VALUES)[number];
export const PERMISSION_STATE_VALUES = [
  "granted",
  "consent_missing",
  "delegated_only",
  "missing",
  "unknown",
] as const;

/** An RFC 9457 problem. */
export interface ProblemBody {
  type: string;
  title: string;
  status: number;
  detail: string;
  /** Each thing that is wrong. */
  errors?: ProblemError[];
}

/** One thing that is wrong. */
export interface ProblemError {
  /** Where: a JSON pointer (RFC 6901), or the name of a query parameter. */
  pointer: string;
  /** What is wrong there. */
  detail: string;
}

/** Why something is not known. */
export type Reason = (typeof REASON_VALUES)[number];
export const REASON_VALUES = [
  "forbidden",
  "throttled",
  "unavailable",
  "timeout",
  "unauthenticated",
  "no_auth",
  "tenant_not_configured",
  "poison",
] as const;

/** An event that is no failure, whole. `body` is the message's text as it was on the queue. */
export interface RejectedEvent {
  id: string;
  receivedAt: string;
  reason: RejectedReason;
  detail: string;
  body: string;
}

/** Why an event was rejected. */
export type RejectedReason = (typeof REJECTED_REASON_VALUES)[number];
export const REJECTED_REASON_VALUES = [
  "not_json",
  "not_a_failure",
  "too_large",
  "poison",
] as const;

/** One failure of one message in one mailbox (docs/api.md), normalized. */
export interface RemediationFailure {
  id: string | null;
  source: string | null;
  tenantId: string | null;
  messageId: string | null;
  internetMessageId: string | null;
  mailbox: string;
  error: string | null;
  errorCode: string | null;
  action: string | null;
  folder: string | null;
  initiator: string | null;
  verdict: string | null;
  subject: string | null;
  occurredAt: string | null;
  raw: Record<string, unknown>;
}

/** What Email Threat Defense says of the failure. */
export type Scenario = (typeof SCENARIO_VALUES)[number];
export const SCENARIO_VALUES = [
  "resource_not_found",
  "unknown_reason",
  "invalid_user",
  "mailbox_unavailable",
  "unclassified",
] as const;

/** How much a cause matters. */
export type Severity = (typeof SEVERITY_VALUES)[number];
export const SEVERITY_VALUES = [
  "critical",
  "high",
  "medium",
  "low",
  "info",
] as const;

/** Whether storage can be reached; `error` is the type of the error if not. */
export interface StorageHealth {
  status: "ok" | "down";
  error?: string | null;
}

/** The number of findings in a period, in all and by value. */
export interface Summary {
  /** The start of the period; null: from the first finding. */
  since: string | null;
  /** The end of the period; null: to the last finding. */
  until: string | null;
  /** The number of findings: one for each failure. */
  total: number;
  byScenario: Record<string, number>;
  byCause: Record<string, number>;
  bySeverity: Record<string, number>;
  byConfidence: Record<string, number>;
  /** By day in UTC, such as 2026-11-20. */
  byDay: Record<string, number>;
  /** The number of findings whose message can still be opened. */
  exposed: number;
  /** The newest audit of each tenant. */
  audits: AuditState[];
}

/** A question that Graph did not answer. `check` is empty in an audit that was stored before the field was added. */
export interface Unreadable {
  check: string;
  reason: Reason;
  permission: string | null;
  question: string;
}

/** Whether the app can remediate. */
export type Verdict = (typeof VERDICT_VALUES)[number];
export const VERDICT_VALUES = [
  "healthy",
  "degraded",
  "broken",
  "unknown",
  "not_applicable",
] as const;
