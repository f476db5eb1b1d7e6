"""Classifies an error: Email Threat Defense's text, or a Graph code, becomes one of the documented scenarios.

The texts come from Cisco's page "Troubleshoot Email Threat Defense Remediation" and from Graph's own errors, some of
which Email Threat Defense passes on. The scenario only says where triage starts. The evidence gives the cause.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum


class Scenario(StrEnum):
    """What Email Threat Defense says about the failure."""

    RESOURCE_NOT_FOUND = "resource_not_found"
    UNKNOWN_REASON = "unknown_reason"
    INVALID_USER = "invalid_user"
    MAILBOX_UNAVAILABLE = "mailbox_unavailable"
    UNCLASSIFIED = "unclassified"


class ClassifiedBy(StrEnum):
    """What the scenario was read from."""

    ERROR_CODE = "error_code"
    ERROR_TEXT = "error_text"
    NONE = "none"


_CODES = {
    "erroritemnotfound": Scenario.RESOURCE_NOT_FOUND,
    "resourcenotfound": Scenario.RESOURCE_NOT_FOUND,
    "request_resourcenotfound": Scenario.RESOURCE_NOT_FOUND,
    "erroraccessdenied": Scenario.UNKNOWN_REASON,
    "authorization_requestdenied": Scenario.UNKNOWN_REASON,
    "errorinvaliduser": Scenario.INVALID_USER,
    "mailboxnotenabledforrestapi": Scenario.MAILBOX_UNAVAILABLE,
    "mailboxnotsupportedforrestapi": Scenario.MAILBOX_UNAVAILABLE,
    "errornonexistentmailbox": Scenario.MAILBOX_UNAVAILABLE,
    "mailboxnothostedinexchangeonline": Scenario.MAILBOX_UNAVAILABLE,
}
_CODE = re.compile(rf"(?<![a-z0-9_])(?:{'|'.join(_CODES)}|aadsts[0-9]+)(?![a-z0-9_])")

# Searched for in the normalized text (see _normalize), the most specific first.
_TEXTS = tuple(
    (scenario, re.compile(rf"(?<!\w)(?:{pattern})(?!\w)"))
    for scenario, pattern in (
        (Scenario.UNKNOWN_REASON, r"\[raop\]|apponly accesspolicy"),
        (
            Scenario.MAILBOX_UNAVAILABLE,
            r"mailbox is (?:either )?inactive,? (?:or )?soft deleted(?:,? or is hosted on premise)?"
            r"|rest api is not yet supported for this mailbox|smtp address has no mailbox associated with it",
        ),
        (Scenario.INVALID_USER, r"requested user (?:\S.{0,300}? )?is invalid"),
        (
            Scenario.RESOURCE_NOT_FOUND,
            r"resource (?:is )?not found|specified object was not found in the store|resource could not be discovered"
            r"|resource \S.{0,300}? does not exist or one of its queried reference property objects are not present",
        ),
        (
            Scenario.UNKNOWN_REASON,
            r"remediation failed:? unknown reason|access is denied\. check credentials and try again"
            r"|access to odata is disabled|insufficient privileges to complete the operation",
        ),
    )
)
_ACCESS_POLICY = _TEXTS[0][1]
_ODATA_DISABLED = re.compile(r"(?<!\w)access to odata is disabled(?!\w)")

# No error message is longer. Only this much of `error` and `errorCode` is classified.
MAX_CLASSIFIED_CHARACTERS = 4000

_QUOTES = dict.fromkeys(map(ord, "\"'`´‘’‚‛“”„‟«»‹›′″"))


def classify(error: str | None, error_code: str | None) -> tuple[Scenario, ClassifiedBy]:
    """The scenario of an error, and what it was read from.

    A known code wins over the text. An unknown code is ignored.
    """
    for text in (error_code, error):
        if text and (match := _CODE.search(_folded(text))):
            return _CODES.get(match[0], Scenario.UNKNOWN_REASON), ClassifiedBy.ERROR_CODE
    for text in (error, error_code):
        normal = _normalize(text or "")
        for scenario, pattern in _TEXTS:
            if pattern.search(normal):
                return scenario, ClassifiedBy.ERROR_TEXT
    return Scenario.UNCLASSIFIED, ClassifiedBy.NONE


class Block(StrEnum):
    """What an error says about the app being blocked in Exchange.

    policy: it names an application access policy. odata: it says only that OData is disabled, which is what Graph says
    for such a policy, and also if the organization blocks apps from EWS and REST.
    """

    POLICY = "policy"
    ODATA = "odata"


def named_block(*texts: str | None) -> Block | None:
    """The block of the app that an error, in one of its texts, says there is."""
    normal = [_normalize(text) for text in texts if text]
    if any(_ACCESS_POLICY.search(text) for text in normal):
        return Block.POLICY
    return Block.ODATA if any(_ODATA_DISABLED.search(text) for text in normal) else None


def _normalize(text: str) -> str:
    """The text without differences of case, quotes, dashes and blanks, and with "on premise" for "on premises".

    Words around a text, such as a leading "Error" or a final period, may stay: texts are searched for, not compared.
    """
    text = _folded(text).translate(_QUOTES)
    dashed = "".join(" " if unicodedata.category(char) == "Pd" or char in "−\u00ad" else char for char in text)
    return re.sub(r"\bon premises\b", "on premise", " ".join(dashed.split()))


def _folded(text: str) -> str:
    """The first 4,000 characters of a text, without differences of case and of compatibility characters.

    NFKC takes quadratic time for a run of combining marks, so the length is limited first.
    """
    return unicodedata.normalize("NFKC", text[:MAX_CLASSIFIED_CHARACTERS]).casefold()
