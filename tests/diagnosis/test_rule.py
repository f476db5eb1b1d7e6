"""Rules: one for each cause, with complete sentences."""

from __future__ import annotations

import re

import pytest

from triage.diagnosis.causes import Cause, Confidence
from triage.diagnosis.precedence import RULES
from triage.diagnosis.rule import rule


def test_every_cause_has_a_rule() -> None:
    assert RULES.keys() == set(Cause)


def test_a_cause_has_no_second_rule() -> None:
    there = RULES[Cause.GUEST_USER]
    again = rule(
        there.cause, there.subject, there.confidence, there.severity,
        title="", meaning="", recognized_by="", remedy=(),
    )  # fmt: skip
    with pytest.raises(ValueError, match="guest_user has two rules"):
        again(there.find)
    assert RULES[Cause.GUEST_USER] is there


@pytest.mark.parametrize("cause", Cause)
def test_what_a_rule_says(cause: Cause) -> None:
    one = RULES[cause]
    assert re.fullmatch(r"[A-Z][^.]{9,79}[^.]", one.title)
    for text in (one.meaning, one.recognized_by, *(step.detail for step in one.remedy)):
        assert re.fullmatch(r"[A-Z{].+\.", text), text
    assert one.remedy
    assert not any(step.title.endswith(".") for step in one.remedy)
    assert cause not in one.alternatives


def test_what_is_not_sure_says_what_else_it_could_be() -> None:
    unsure = {cause for cause, one in RULES.items() if one.confidence in (Confidence.PROBABLE, Confidence.POSSIBLE)}
    assert unsure <= {cause for cause, one in RULES.items() if one.could_also_be}
    assert all(RULES[cause].alternatives for cause in unsure if RULES[cause].confidence is Confidence.POSSIBLE)


# In the order of precedence within a subject: a program may rely on the word, how sure it is, and how severe. A cause that is
# added needs no row until it is released: the test of its subject has what it is.
CAUSES = """
    app_not_found              confirmed     critical
    app_deleted                confirmed     critical
    app_disabled               confirmed     critical
    consent_missing            confirmed     critical
    permission_delegated_only  confirmed     critical
    permission_missing         confirmed     critical
    app_read_mode              confirmed     high
    credential_expired         confirmed     critical
    access_policy_blocked      confirmed     high
    app_healthy                possible      medium
    user_deleted               confirmed     medium
    recipient_is_group         confirmed     low
    recipient_is_contact       confirmed     low
    guest_user                 confirmed     low
    app_single_tenant          confirmed     high
    domain_in_other_tenant     confirmed     high
    domain_unknown             probable      medium
    user_not_found             probable      medium
    license_assignment_failed  confirmed     medium
    exchange_plan_disabled     confirmed     medium
    license_lapsed             confirmed     medium
    provisioning_error         probable      medium
    mailbox_provisioning       probable      low
    mailbox_on_premises        probable      medium
    mailbox_unlicensed         probable      medium
    mailbox_disconnected       possible      medium
    message_remediated         confirmed     info
    message_quarantined        confirmed     info
    message_not_delivered      confirmed     info
    message_deleted            confirmed     medium
    message_recoverable        confirmed     low
    message_sent_copy          confirmed     high
    message_junked             confirmed     medium
    message_moved              confirmed     high
    message_gone               probable      low
    address_is_alias           probable      medium
    message_present            probable      high
    mailbox_reachable          possible      medium
    undetermined               undetermined  medium
"""


def test_each_cause_has_its_word_its_confidence_its_severity_and_its_place() -> None:
    rows = [tuple(row.split()) for row in CAUSES.split("\n") if row]
    words = {word for word, _, _ in rows}
    found = [(cause.value, RULES[cause].confidence.value, RULES[cause].severity.value) for cause in Cause]
    assert [row for row in found if row[0] in words] == rows
