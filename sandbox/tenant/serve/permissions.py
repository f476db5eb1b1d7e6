"""Which app roles of the caller open which path: the least one in Microsoft's permissions reference, and those that include it."""

from __future__ import annotations

DIRECTORY = frozenset({"Directory.Read.All", "Directory.ReadWrite.All"})

USERS_FULL = DIRECTORY | {"User.Read.All", "User.ReadWrite.All"}
USERS = USERS_FULL | {"User.ReadBasic.All"}
LICENSES = USERS_FULL | {"LicenseAssignment.Read.All"}
ORGANIZATION = USERS_FULL | {"Organization.Read.All", "Organization.ReadWrite.All"}
DOMAINS = DIRECTORY | {"Domain.Read.All", "Domain.ReadWrite.All"}
SKUS = DIRECTORY | {"LicenseAssignment.Read.All", "Organization.Read.All", "Organization.ReadWrite.All"}
CROSS_TENANT = frozenset({"CrossTenantInformation.ReadBasic.All"})
APPLICATIONS = DIRECTORY | {"Application.Read.All", "Application.ReadWrite.All"}
GROUPS = DIRECTORY | {"Group.ReadBasic.All", "GroupMember.Read.All", "Group.Read.All", "Group.ReadWrite.All"}
CONTACTS = DIRECTORY | {"OrgContact.Read.All"}
AUDIT_LOG = frozenset({"AuditLog.Read.All"})
MAIL_CONTENT = frozenset({"Mail.Read", "Mail.ReadWrite"})
MAIL = MAIL_CONTENT | {"Mail.ReadBasic", "Mail.ReadBasic.All"}
MAILBOX_SETTINGS = frozenset({"MailboxSettings.Read", "MailboxSettings.ReadWrite"})
MESSAGE_TRACE = frozenset({"ExchangeMessageTrace.Read.All"})
INBOX_RULES = frozenset({"MailboxSettings.Read"})
