"""What the directory is asked: the tenant, its users, and who else an address may belong to."""

from __future__ import annotations

from triage.graph.questions.question import Kind, ProbeWith, literal, question, segment

USER = (
    "id,userPrincipalName,mail,proxyAddresses,userType,accountEnabled,assignedLicenses,assignedPlans,provisionedPlans,"
    "licenseAssignmentStates,onPremisesSyncEnabled,onPremisesProvisioningErrors,serviceProvisioningErrors"
)
_DELETED_USER = "id,userPrincipalName,mail,proxyAddresses,deletedDateTime"

# Graph's advanced queries on directory objects need this header and $count (endsWith is one).
_ADVANCED = {"ConsistencyLevel": "eventual"}


@question("Is the domain verified in this tenant?", "User.Read.All")
def organization() -> str:
    """The tenant's id, name and verified domains."""
    return "/organization?$select=id,displayName,verifiedDomains"


@question("Is there a user with this address?", "User.Read.All")
def user(address: str) -> str:
    """The user with this id or UPN. Graph does not look among the other addresses here."""
    return f"/users/{segment(address)}?$select={USER}"


@question("Which users does the tenant have?", "User.Read.All", kind=Kind.FACT)
def users(top: int) -> str:
    """All users, with what `user` asks of one. A page has 999 at most (https://learn.microsoft.com/graph/api/user-list)."""
    return f"/users?$select={USER}&$top={top}"


@question("How many users does the tenant have?", "User.Read.All", kind=Kind.FACT, headers=_ADVANCED)
def user_count() -> str:
    """The number of all users, with one of them."""
    return "/users?$count=true&$select=id&$top=1"


@question("Does a user have this address as an alias?", "User.Read.All", kind=Kind.FACT)
def alias(address: str) -> str:
    """Users that have the address as their mail or among their proxy addresses."""
    return f"/users?$filter={segment(_has(address))}&$select={USER}&$top=5"


@question("Does a user have this address without its +tag?", "User.Read.All", kind=Kind.FACT)
def untagged(address: str) -> str:
    """Users with the address without its tag: as UPN, as mail, or among their proxy addresses."""
    has = f"userPrincipalName eq {literal(address)} or {_has(address)}"
    return f"/users?$filter={segment(has)}&$select={USER}&$top=5"


@question("Did a deleted user have this address?", "User.Read.All", kind=Kind.FACT, headers=_ADVANCED)
def deleted_user(address: str) -> str:
    """Deleted users that had the address. Entra puts a deleted user's object id in front of its UPN."""
    had = segment(f"{_has(address)} or endsWith(userPrincipalName,{literal(address)})")
    return f"/directory/deletedItems/graph.user?$count=true&$filter={had}&$select={_DELETED_USER}"


@question("Does a group have this address?", "GroupMember.Read.All", kind=Kind.FACT)
def group(address: str) -> str:
    """Groups with this address."""
    return f"/groups?$filter={segment(_has(address))}&$select=id,mail,groupTypes&$top=5"


@question("Does a contact have this address?", "OrgContact.Read.All", kind=Kind.FACT)
def contact(address: str) -> str:
    """Organizational contacts with this address."""
    return f"/contacts?$filter={segment(_has(address))}&$select=id,mail&$top=5"


@question(
    "Which Microsoft 365 tenant has verified the domain?",
    "CrossTenantInformation.ReadBasic.All",
    kind=Kind.FACT,
    probe_with=ProbeWith.DOMAIN,
)
def domain_owner(domain: str) -> str:
    """The tenant that has verified this domain, whichever it is. A domain name has no quote in it."""
    return f"/tenantRelationships/findTenantInformationByDomainName(domainName='{segment(domain)}')"


@question(
    "Which of the user's licenses include Exchange Online?",
    "Organization.Read.All",
    kind=Kind.FACT,
    probe_with=ProbeWith.NOTHING,
)
def subscribed_skus() -> str:
    """The products that the tenant has licenses of, with their plans. LicenseAssignment.Read.All opens it too."""
    return "/subscribedSkus?$select=skuId,skuPartNumber,servicePlans"


@question("Can users be read?", "User.Read.All")
def any_user() -> str:
    """Any user; what is read about one user is then tried with it."""
    return "/users?$select=id,assignedPlans&$top=1"


@question("Can groups be read?", "GroupMember.Read.All", probe_with=ProbeWith.NOTHING)
def any_group() -> str:
    """Any group."""
    return "/groups?$select=id&$top=1"


@question("Can contacts be read?", "OrgContact.Read.All", probe_with=ProbeWith.NOTHING)
def any_contact() -> str:
    """Any organizational contact."""
    return "/contacts?$select=id&$top=1"


def _has(address: str) -> str:
    """A filter for what has the address. Both spellings of the prefix: its case matters in some directories."""
    proxies = (f"proxyAddresses/any(p:p eq {literal(prefix + address)})" for prefix in ("smtp:", "SMTP:"))
    return " or ".join((f"mail eq {literal(address)}", *proxies))
