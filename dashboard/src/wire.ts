// Generated from the service's OpenAPI description: make page. Do not edit.

export interface Page<T> {
  value: T[];
  nextLink?: string;
}

export interface AcceptedBody {
  accepted: AcceptedFailure[];
}

export interface AcceptedFailure {
  id: string | null;
  findingId: string;
  mailbox: string;
}

export interface Action {
  title: string;
  detail: string;
  url: string | null;
  command: string | null;
}

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

export interface AuditState {
  tenantId: string;
  verdict: Verdict;
  auditedAt: string;
}

export interface AuditedCredential {
  kind: string;
  keyId: string | null;
  displayName: string | null;
  endDateTime: string | null;
  daysLeft: number | null;
  state: string;
}

export interface AuditedPermission {
  name: string;
  id: string | null;
  type: string;
  need: string;
  state: PermissionState;
  includedIn: string | null;
  privilegeLevel: number | null;
}

export interface AuditedPrincipal {
  id: string | null;
  displayName: string | null;
  accountEnabled: boolean | null;
  isDisabled: boolean | null;
  disabledByMicrosoftStatus: string | null;
  signInAudience: string | null;
  appOwnerOrganizationId: string | null;
}

export type Cause = string;

export interface Change {
  at: string;
  activity: string;
  who: string | null;
}

export interface ChannelTested {
  channel: string;
  status: number;
  answer: string;
  note: string | null;
}

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

export type ClassifiedBy = (typeof CLASSIFIED_BY_VALUES)[number];
export const CLASSIFIED_BY_VALUES = [
  "error_code",
  "error_text",
  "none",
] as const;

export type Confidence = (typeof CONFIDENCE_VALUES)[number];
export const CONFIDENCE_VALUES = [
  "confirmed",
  "probable",
  "possible",
  "undetermined",
] as const;

export interface CoverageChanges {
  since: string;
  newlyUncovered: number;
  recovered: number;
}

export interface CoverageScan {
  id: string;
  tenantId: string;
  startedAt: string;
  finishedAt: string | null;
  state: ScanState;
  progress: number;
  users: number;
  mailboxes: number;
  covered: number;
  uncovered: number;
  byCause: Record<string, number>;
  unknown: number;
  reasons: Lack[];
  changes: CoverageChanges | null;
}

export interface Delivery {
  id: string;
  channel: string;
  event: NotificationEvent;
  subjectId: string;
  tenantId: string | null;
  createdAt: string;
  state: DeliveryState;
  attempts: number;
  lastError: string | null;
}

export type DeliveryState = (typeof DELIVERY_STATE_VALUES)[number];
export const DELIVERY_STATE_VALUES = [
  "pending",
  "delivered",
  "failed",
] as const;

export interface Drift {
  since: string;
  granted: string[];
  revoked: string[];
  changed: string[];
  by: Change[] | null;
}

export interface Exposure {
  tenantId: string | null;
  mailbox: string;
  messageId: string | null;
  internetMessageId: string | null;
  subject: string | null;
  location: Location;
  folder: string | null;
  isRead: boolean | null;
  since: string;
  lookedAt: string | null;
  cause: Cause;
  findingId: string;
  incidentId: string | null;
  url: string;
}

export interface ExposureCounts {
  messages: number;
  read: number;
  mailboxes: number;
}

export interface FailureSummary {
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
  direction: string | null;
  occurredAt: string | null;
}

export interface Feed {
  tenantId: string;
  state: FeedState;
  lastSuccessAt: string | null;
  behindSeconds: number;
  lanes: FeedLanes;
  candidates: number;
  verified: number;
  failuresFound: number;
  notVerified: number;
  mailboxesUnknown: number;
  gaps: FeedGap[];
  requestsToday: number;
  requestShare: number;
  lastError: string | null;
}

export interface FeedGap {
  from: string;
  to: string;
  why: string;
}

export interface FeedHealth {
  status: "ok" | "degraded" | "unknown";
  feeds: number;
  behind: number;
  failing: number;
}

export interface FeedLanes {
  search: SearchLane;
  logExport: LogExportLane;
}

export type FeedState = (typeof FEED_STATE_VALUES)[number];
export const FEED_STATE_VALUES = [
  "ok",
  "behind",
  "failing",
  "off",
] as const;

export interface Finding {
  id: string;
  tenantId: string | null;
  state: FindingState;
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
  resolution: Resolution | null;
  resolvedAt: string | null;
  timeInReach: TimeInReach | null;
  inReachAt: string | null;
  history: HistoryEntry[];
  occurredAt: string;
  receivedAt: string;
  triagedAt: string;
  firstSeen: string;
  lastSeen: string;
  deliveries: number;
  looks: number;
  nextLookAt: string | null;
  url: string;
  incidentId: string;
}

export type FindingState = (typeof FINDING_STATE_VALUES)[number];
export const FINDING_STATE_VALUES = [
  "open",
  "resolved",
  "suppressed",
] as const;

export interface FindingSummary {
  id: string;
  tenantId: string | null;
  state: FindingState;
  scenario: Scenario;
  classifiedBy: ClassifiedBy;
  cause: Cause;
  confidence: Confidence;
  severity: Severity;
  alternatives: Cause[];
  alsoSeen: Cause[];
  summary: string;
  message: MessageState;
  exposed: boolean | null;
  reasons: Lack[];
  failure: FailureSummary;
  resolution: Resolution | null;
  resolvedAt: string | null;
  timeInReach: TimeInReach | null;
  inReachAt: string | null;
  occurredAt: string;
  receivedAt: string;
  triagedAt: string;
  firstSeen: string;
  lastSeen: string;
  deliveries: number;
  looks: number;
  nextLookAt: string | null;
  url: string;
  incidentId: string;
}

export interface GraphHealth {
  status: "ok" | "degraded";
  reasons?: Reason[];
}

export type Happening = (typeof HAPPENING_VALUES)[number];
export const HAPPENING_VALUES = [
  "opened",
  "acknowledged",
  "resolved",
  "reopened",
  "suppressed",
  "severity_changed",
] as const;

export interface Health {
  status: "ok" | "degraded" | "down";
  checks: HealthChecks;
}

export interface HealthChecks {
  storage: StorageHealth;
  graph: GraphHealth;
  permissions: PermissionHealth;
  feeds: FeedHealth;
  notifications: NotificationHealth;
}

export interface HistoryEntry {
  at: string;
  cause: Cause;
  location: Location;
  exposed: boolean | null;
  state: FindingState;
}

export interface Incident {
  id: string;
  tenantId: string | null;
  scope: Scope;
  subject: string | null;
  cause: Cause;
  causes: Record<string, number>;
  severity: Severity;
  findings: number;
  openFindings: number;
  exposed: number;
  read: number;
  mailboxes: number;
  mailboxesEstimated: boolean;
  firstSeen: string;
  lastSeen: string;
  openedAt: string | null;
  acknowledgedAt: string | null;
  acknowledgedBy: string | null;
  resolvedAt: string | null;
  reopened: number;
  timeToResolve: number | null;
  suppression: Suppression | null;
  log: LogEntry[];
  url: string;
  state: IncidentState;
  title: string;
  actions: Action[];
}

export type IncidentState = (typeof INCIDENT_STATE_VALUES)[number];
export const INCIDENT_STATE_VALUES = [
  "open",
  "acknowledged",
  "resolved",
  "suppressed",
] as const;

export interface Issue {
  code: string;
  severity: Severity;
  summary: string;
  actions: Action[];
}

export type Kind = (typeof KIND_VALUES)[number];
export const KIND_VALUES = [
  "yes_no",
  "fact",
] as const;

export interface Lack {
  check: string;
  reason: Reason;
  permission: string | null;
  detail?: string | null;
}

export interface LackingPermission {
  permission: string;
  tenants: number;
}

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

export interface LogEntry {
  at: string;
  what: Happening;
  by: string | null;
  note: string | null;
}

export interface LogExportLane {
  cursor: string | null;
  lastSuccessAt: string | null;
  settledUntil: string | null;
}

export type MailboxChange = (typeof MAILBOX_CHANGE_VALUES)[number];
export const MAILBOX_CHANGE_VALUES = [
  "new",
  "recovered",
] as const;

export interface MessageState {
  location: Location;
  folder: string | null;
  isRead: boolean | null;
  copies: number;
  lookedAt: string | null;
}

export type Mode = (typeof MODE_VALUES)[number];
export const MODE_VALUES = [
  "read_write",
  "read",
  "no_auth",
] as const;

export type NotificationEvent = (typeof NOTIFICATION_EVENT_VALUES)[number];
export const NOTIFICATION_EVENT_VALUES = [
  "incident.opened",
  "incident.reopened",
  "incident.worsened",
  "incident.resolved",
  "incident.suppressed",
  "audit.changed",
  "credential.expiring",
  "coverage.changed",
  "service.degraded",
  "digest.daily",
] as const;

export interface NotificationHealth {
  status: "ok" | "degraded" | "unknown";
  channels: number;
  failing: number;
}

export type Outcome = (typeof OUTCOME_VALUES)[number];
export const OUTCOME_VALUES = [
  "pass",
  "fail",
  "unknown",
  "skipped",
] as const;

export interface PermissionHealth {
  status: "ok" | "degraded" | "unknown";
  lacking: LackingPermission[];
}

export type PermissionState = (typeof PERMISSION_STATE_VALUES)[number];
export const PERMISSION_STATE_VALUES = [
  "granted",
  "included",
  "consent_missing",
  "delegated_only",
  "missing",
  "unknown",
] as const;

export interface PolledFeed {
  tenantId: string;
}

export interface PolledFeeds {
  value: PolledFeed[];
}

export interface ProblemBody {
  type: "urn:problem-type:triage:invalid-query" | "urn:problem-type:triage:invalid-body" | "urn:problem-type:triage:invalid-failure" | "urn:problem-type:triage:not-signed-in" | "urn:problem-type:triage:role-missing" | "urn:problem-type:triage:other-tenant" | "urn:problem-type:triage:not-found" | "urn:problem-type:triage:unknown-tenant" | "urn:problem-type:triage:no-feed" | "urn:problem-type:triage:unknown-channel" | "urn:problem-type:triage:wrong-state" | "urn:problem-type:triage:too-large" | "urn:problem-type:triage:internal" | "urn:problem-type:triage:channel-failed" | "urn:problem-type:triage:storage-away" | "urn:problem-type:triage:storage-denied" | "urn:problem-type:triage:timeout";
  title: string;
  status: number;
  detail: string;
  errors?: ProblemError[];
}

export interface ProblemError {
  pointer: string;
  detail: string;
}

export interface Queued {
  queued: number;
  nextLink?: string | null;
}

export interface ReachTimes {
  p50: number | null;
  p90: number | null;
  stillInReach: number;
  oldestSeconds: number | null;
}

export type Reason = (typeof REASON_VALUES)[number];
export const REASON_VALUES = [
  "forbidden",
  "throttled",
  "unavailable",
  "timeout",
  "unauthenticated",
  "unsupported",
  "too_many",
  "no_auth",
  "tenant_not_configured",
  "poison",
] as const;

export interface RejectedEvent {
  id: string;
  receivedAt: string;
  reason: RejectedReason;
  detail: string;
  body: string;
}

export type RejectedReason = (typeof REJECTED_REASON_VALUES)[number];
export const REJECTED_REASON_VALUES = [
  "not_json",
  "not_a_failure",
  "too_large",
  "poison",
] as const;

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
  direction: string | null;
  occurredAt: string | null;
  raw: Record<string, unknown>;
}

export type Resolution = (typeof RESOLUTION_VALUES)[number];
export const RESOLUTION_VALUES = [
  "remediated",
  "out_of_reach",
  "nothing_to_do",
  "by_hand",
] as const;

export type ScanState = (typeof SCAN_STATE_VALUES)[number];
export const SCAN_STATE_VALUES = [
  "running",
  "complete",
  "partial",
] as const;

export type Scenario = (typeof SCENARIO_VALUES)[number];
export const SCENARIO_VALUES = [
  "resource_not_found",
  "unknown_reason",
  "invalid_user",
  "mailbox_unavailable",
  "unclassified",
] as const;

export type Scope = (typeof SCOPE_VALUES)[number];
export const SCOPE_VALUES = [
  "app",
  "domain",
  "mailbox",
  "message",
  "evidence",
] as const;

export interface SearchLane {
  cursor: string | null;
  lastSuccessAt: string | null;
}

export type Severity = (typeof SEVERITY_VALUES)[number];
export const SEVERITY_VALUES = [
  "critical",
  "high",
  "medium",
  "low",
  "info",
] as const;

export interface StartedScan {
  id: string;
  tenantId: string;
}

export interface StartedScans {
  value: StartedScan[];
}

export interface StorageHealth {
  status: "ok" | "down";
  error?: string | null;
}

export interface Summary {
  since: string | null;
  until: string | null;
  total: number;
  byScenario: Record<string, number>;
  byCause: Record<string, number>;
  bySeverity: Record<string, number>;
  byConfidence: Record<string, number>;
  byState: Record<string, number>;
  byDay: Record<string, number>;
  exposed: number;
  exposures: ExposureCounts;
  openIncidents: number;
  timeInReach: ReachTimes;
  audits: AuditState[];
}

export interface Suppression {
  reason: string;
  until: string;
  by: string | null;
  at: string;
}

export interface TenantCoverage {
  mailboxes: number;
  uncovered: number;
}

export interface TenantState {
  tenantId: string;
  name: string;
  mode: Mode;
  domains: string[];
  verdict: Verdict | null;
  auditedAt: string | null;
  openIncidents: number;
  exposed: number;
  coverage: TenantCoverage | null;
}

export interface TimeInReach {
  atLeast: number;
  atMost: number;
}

export interface UncoveredMailbox {
  mailbox: string;
  cause: Cause;
  confidence: Confidence;
  summary: string;
  since: string;
  change: MailboxChange | null;
}

export interface Unreadable {
  check: string;
  reason: Reason;
  permission: string | null;
  detail?: string | null;
  question: string;
}

export type Verdict = (typeof VERDICT_VALUES)[number];
export const VERDICT_VALUES = [
  "healthy",
  "degraded",
  "broken",
  "unknown",
  "not_applicable",
] as const;
