"""The scenario of an error: every documented text and code, in every known spelling."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.intake.scenario import ClassifiedBy, Scenario, classify, named_block

CODES = {
    "resource_not_found": ["ErrorItemNotFound", "ResourceNotFound", "Request_ResourceNotFound"],
    "unknown_reason": ["ErrorAccessDenied", "Authorization_RequestDenied", "AADSTS7000222", "AADSTS53003"],
    "invalid_user": ["ErrorInvalidUser"],
    "mailbox_unavailable": [
        *("MailboxNotEnabledForRESTAPI", "MailboxNotSupportedForRESTAPI", "ErrorNonExistentMailbox"),
        "MailboxNotHostedInExchangeOnline",
    ],
}
TEXTS = {
    "resource_not_found": ["Resource is Not Found"],
    "unknown_reason": [
        "Remediation Failed - Unknown Reason",
        "Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings.",
        "[RAOP]",
        "Blocked by AppOnly AccessPolicy",
    ],
    "invalid_user": ["The Requested User is Invalid"],
    "mailbox_unavailable": [
        "The Mailbox is either Inactive, Soft-Deleted, or is Hosted On-Premise",
        "Mailbox is Inactive or Soft-Deleted",
    ],
}
# Graph's own sentence for a code counts as its text.
GRAPHS = {
    "resource_not_found": [
        "The specified object was not found in the store.",
        "The specified object was not found in the store., The process failed to get the correct properties.",
        "Resource could not be discovered.",
        "Resource 'adele@contoso.com' does not exist or one of its queried reference-property objects are not present.",
    ],
    "unknown_reason": [
        "Access is denied. Check credentials and try again.",
        "Access to OData is disabled.",
        "Insufficient privileges to complete the operation.",
    ],
    "invalid_user": ["The requested user 'adele@contoso.com' is invalid.", "The requested user 'a b@c' is invalid."],
    "mailbox_unavailable": [
        "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
        "REST API is not yet supported for this mailbox.",
        "The SMTP address has no mailbox associated with it.",
    ],
}
ALL_TEXTS = [(scenario, text) for texts in (TEXTS, GRAPHS) for scenario in texts for text in texts[scenario]]
ALL_CODES = [(scenario, code) for scenario, codes in CODES.items() for code in codes]


@pytest.mark.parametrize(("scenario", "text"), ALL_TEXTS)
def test_texts(scenario: str, text: str) -> None:
    assert classify(text, None) == (scenario, ClassifiedBy.ERROR_TEXT)
    assert classify(text, "SomeCodeThatNobodyKnows") == (scenario, ClassifiedBy.ERROR_TEXT)


@pytest.mark.parametrize(("scenario", "code"), ALL_CODES)
def test_codes(scenario: str, code: str) -> None:
    for error, error_code in (
        (None, code), (None, code.upper()), (None, f" {code.lower()} "), (code, None), (f"Failed: {code}: no.", None),
        (f'{{"error":{{"code":"{code}"}}}}', None), (f"({code})", None), ("?", code), (code, "UnknownCode"),
    ):  # fmt: skip
        assert classify(error, error_code) == (scenario, ClassifiedBy.ERROR_CODE)


@pytest.mark.parametrize(("scenario", "code"), ALL_CODES)
@pytest.mark.parametrize("text", [texts[0] for texts in TEXTS.values()])
def test_a_known_code_wins_over_the_text(text: str, scenario: str, code: str) -> None:
    assert classify(text, code) == (scenario, ClassifiedBy.ERROR_CODE)
    assert classify(f"{text} ({code})", None) == (scenario, ClassifiedBy.ERROR_CODE)


def test_the_code_field_wins_over_a_code_in_the_text() -> None:
    assert classify("ErrorItemNotFound", "ErrorInvalidUser")[0] is Scenario.INVALID_USER


@pytest.mark.parametrize(("error", "code"), [
    (None, None), ("", ""), ("Something else", None), (None, "ErrorTooManyObjectsOpened"), ("ErrorItemNotFoundX", None),
    ("MyErrorInvalidUser", None), ("ErrorInvalidUser2", None), ("AADSTS", None), ("Resource", "Not Found"),
    ("Unknown Reason", None), ("mailbox is full", None), ("a resourceful user is invalidated", None),
    ("requested user is invalidated", None),
])  # fmt: skip
def test_anything_else_is_unclassified(error: str | None, code: str | None) -> None:
    assert classify(error, code) == (Scenario.UNCLASSIFIED, ClassifiedBy.NONE)


BLANKS = [" ", "  ", "\t", "\n", "\u00a0", "\u3000", " \u2009"]
DASHES = ["-", "‐", "‑", "‒", "–", "—", "−", "﹣", "－"]
QUOTES = ['"', "'", "‘", "’", "“", "”", "«", "»", "`"]


@given(
    example=st.sampled_from(ALL_TEXTS),
    seed=st.integers(0, 2**32),
    quote=st.sampled_from(["", *QUOTES]),
    front=st.sampled_from(["", "Error: ", "Error ", "Quarantine failed: ", "[2026-11-20] ", "Fehler - "]),
    behind=st.sampled_from(["", ".", "!", " (request 1234)", ". Try again later.", "\n"]),
)
def test_no_spelling_changes_the_scenario(
    example: tuple[str, str], seed: int, quote: str, front: str, behind: str
) -> None:
    scenario, text = example
    chance = random.Random(seed)
    spelled = "".join(
        chance.choice(BLANKS) if char == " "
        else chance.choice(DASHES) if char == "-"
        else chance.choice(QUOTES) if char == "'"
        else chance.choice((char.upper(), char.lower(), _wide(char)))
        for char in text
    )  # fmt: skip
    assert classify(f"{front}{quote}{spelled}{quote}{behind}", None)[0] == scenario


def _wide(char: str) -> str:
    """The full-width form of an ASCII letter, which NFKC changes back."""
    return chr(ord(char) + 0xFEE0) if char.isascii() and char.isalpha() else char


@pytest.mark.parametrize("text", [
    "Mailbox is either Inactive, Soft-Deleted, or is Hosted On Premises", "mailbox is inactive, soft deleted",
    "The Mailbox is either Inactive, Soft-Deleted, or is Hosted On-Premises.", "Error: Mailbox is Inactive or Soft–Deleted",
    "The \"Mailbox\" is Inactive or 'Soft-Deleted'",
])  # fmt: skip
def test_spellings_of_the_mailbox(text: str) -> None:
    assert classify(text, None)[0] is Scenario.MAILBOX_UNAVAILABLE


@pytest.mark.parametrize(
    "text", ["Resource Not Found", "Error: The Resource is Not Found.", "Remediation Failed: Unknown Reason"]
)
def test_leading_words(text: str) -> None:
    assert classify(text, None)[1] is ClassifiedBy.ERROR_TEXT


@given(st.text(max_size=200), st.text(max_size=50))
def test_any_text_has_a_scenario(error: str, code: str) -> None:
    scenario, by = classify(error, code)
    assert (scenario is Scenario.UNCLASSIFIED) == (by is ClassifiedBy.NONE)


@pytest.mark.parametrize(
    "filler", ["(" * 300_000, " " * 300_000, "'-" * 150_000, "\u0301" * 80_000 + "\u0323" * 80_000]
)
def test_a_long_text_is_classified_in_a_short_time(filler: str) -> None:
    text = f"requested user {filler}"
    started = time.process_time()
    assert classify(text, text)[0] is Scenario.UNCLASSIFIED
    assert named_block(text, text) is None
    assert time.process_time() - started < 2  # seconds of CPU


def test_the_first_4000_characters_of_an_error_are_classified() -> None:
    assert classify("Resource is Not Found".rjust(4000), None)[0] is Scenario.RESOURCE_NOT_FOUND
    assert classify("Resource is Not Found".rjust(4001), None)[0] is Scenario.UNCLASSIFIED


@pytest.mark.parametrize(("text", "block"), [
    ("[RAOP]", "policy"), ("[raop] : x", "policy"), ("AppOnly AccessPolicy", "policy"), ("apponly-accesspolicy", "policy"),
    ("Blocked by tenant configured AppOnly  AccessPolicy settings.", "policy"),
    ("Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings.", "policy"),
    ("Access to OData is disabled.", "odata"), ("Quarantine failed: access to odata is  disabled", "odata"),
    ("Access to OData is disabled for now", "odata"), ("Access to OData was disabled", None),
    ("RAOP", None), ("AccessPolicy", None), ("", None), (None, None),
])  # fmt: skip
def test_a_block_of_the_app_in_the_error_is_recognized(text: str | None, block: str | None) -> None:
    assert named_block(text) == named_block(None, text) == block
    assert named_block(text, "[RAOP]") == "policy"
