// Generated from the service's rules: make page. Do not edit.

import type { Cause, Reason } from "./wire";

/** The title of each cause, in the order of precedence. */
export const CAUSES: Record<Cause, string> = {
  app_not_found: "The Email Threat Defense app is not in the tenant",
  app_deleted: "The Email Threat Defense app was deleted from the tenant",
  app_disabled: "The Email Threat Defense app is disabled",
  consent_missing: "No administrator consented to a permission that the app requests",
  permission_delegated_only: "A permission of the app has type Delegated instead of Application",
  permission_missing: "A permission that remediation needs is not granted to the app",
  app_read_mode: "Email Threat Defense is in Read mode",
  credential_expired: "Every credential of the Email Threat Defense app has expired",
  access_policy_blocked: "Exchange Online blocks the Email Threat Defense app from this mailbox",
  app_healthy: "The Email Threat Defense app is in order",
  user_deleted: "The user was deleted",
  recipient_is_group: "The address belongs to a group",
  recipient_is_contact: "The address belongs to a mail contact",
  guest_user: "The user is a guest",
  app_single_tenant: "The app can access only its own tenant, and the mailbox is in another",
  domain_in_other_tenant: "The address is in another tenant",
  domain_unknown: "The domain is in no tenant that Graph shows",
  user_not_found: "Nobody has the address",
  license_assignment_failed: "A license could not be assigned to the user",
  exchange_plan_disabled: "Exchange Online is switched off in the license",
  license_lapsed: "The Exchange Online license has lapsed",
  provisioning_error: "The mailbox could not be created",
  mailbox_provisioning: "The mailbox is still being created",
  mailbox_on_premises: "The mailbox may be on-premises",
  mailbox_unlicensed: "The user has no Exchange Online license",
  mailbox_disconnected: "The mailbox may have been disabled or soft-deleted",
  message_remediated: "The message is already remediated",
  message_quarantined: "The message is in Microsoft's quarantine",
  message_not_delivered: "The message was not delivered",
  message_deleted: "The message is in Deleted Items and can still be opened",
  message_recoverable: "The message was deleted and can only be restored",
  message_sent_copy: "The mailbox is the sender's",
  message_junked: "The message is in Junk Email",
  message_moved: "The message is in another folder",
  message_gone: "The message is not in the mailbox",
  address_is_alias: "The address is an alias of the user",
  message_present: "The message is still in the Inbox",
  mailbox_reachable: "The mailbox is in order, and the message was not looked for",
  undetermined: "The cause could not be determined",
};

/** Why something is not known, within a sentence. */
export const REASONS: Record<Reason, string> = {
  forbidden: "a read was forbidden",
  throttled: "Graph throttled the triage",
  unavailable: "Graph could not be reached, or its answer could not be understood",
  timeout: "Graph did not answer in time",
  unauthenticated: "the triage identity could not sign in to the tenant",
  unsupported: "Graph does not support one of the service's questions here",
  too_many: "the service has a limit",
  no_auth: "Email Threat Defense has no app in the tenant (no_auth), and nothing else explains the failure",
  tenant_not_configured: "its tenant is not in TRIAGE_TENANTS",
  poison: "every try to triage it failed",
};

/** The same, if `{permission}` is what the triage identity does not have. */
export const PERMISSION_MISSING = "the triage identity does not have {permission}";
