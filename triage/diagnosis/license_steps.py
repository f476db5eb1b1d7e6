"""Steps about licenses that several causes share."""

from __future__ import annotations

from triage.diagnosis.portals import LICENSES, USERS
from triage.diagnosis.steps import Step
from triage.graph.plans import MAILBOX_PLANS

CHECK_SUBSCRIPTION = Step(
    "Check the user's subscription",
    "In the Microsoft 365 admin center, open Users > Active users > {mailbox} > Licenses and apps. Check that a license "
    "with Exchange Online is assigned and switched on.",
    USERS,
    """Get-MgUserLicenseDetail -UserId {user} -PipelineVariable license |
    Select-Object -ExpandProperty ServicePlans | Where-Object ServicePlanName -like 'EXCHANGE_*' |
    Format-Table @{{ Name = 'License'; Expression = {{ $license.SkuPartNumber }} }}, ServicePlanName, ProvisioningStatus""",
)
MAILBOX_PLAN_NAMES = f"'^({'|'.join(sorted(MAILBOX_PLANS.values()))})$'"
"""The service plans that carry a mailbox, as a pattern for -match."""
CHOOSE_LICENSE = Step(
    "Choose a license",
    "List the licenses with Exchange Online that the tenant has, and how many of each are free.",
    LICENSES,
    f"""Get-MgSubscribedSku | Where-Object {{{{ $_.ServicePlans.ServicePlanName -match {MAILBOX_PLAN_NAMES} }}}} |
    Select-Object SkuPartNumber, SkuId, @{{{{ Name = 'Free'; Expression = {{{{ $_.PrepaidUnits.Enabled - $_.ConsumedUnits }}}} }}}}""",
)
ASSIGN_LICENSE = Step(
    "Assign an Exchange Online license",
    "Assign a license with Exchange Online. The user needs a usage location before that. The mailbox is then created "
    "automatically, within 24 hours. If a group assigns the licenses, add the user to the group instead. A shared, room, "
    "or equipment mailbox needs no license: convert it in the Exchange admin center.",
    USERS,
    """$user = Get-MgUser -UserId {user} -Property Id, UsageLocation
if (-not $user.UsageLocation) {{ Update-MgUser -UserId $user.Id -UsageLocation {country} }}
Set-MgUserLicense -UserId $user.Id -AddLicenses @(@{{ SkuId = {sku_id} }}) -RemoveLicenses @()""",
)
