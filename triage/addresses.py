"""Normalizes mailbox addresses, domains and GUIDs, so that equal ones are equal strings."""

from __future__ import annotations

import re
import unicodedata

import idna

# RFC 5321 atoms and letters beyond ASCII (RFC 6531). Characters that an address would have to quote are refused.
_LOCAL = re.compile(r"[^\s\x00-\x1f\x7f\"(),:;<>@\[\\\]]+")
# Labels of letters, digits and hyphens (RFC 1123), at least two.
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
# Room for the longest address (64 bytes, @, 253 characters) and a display name.
MAX_ADDRESS_CHARACTERS = 512
_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def mailbox_address(text: str) -> str:
    """`Adele Vance <Adele@Contoso.com>` as `adele@contoso.com`. ValueError if it is not one address.

    The domain is returned as A-labels (IDNA, UTS 46), so that both spellings of a domain are equal.
    """
    if len(text) > MAX_ADDRESS_CHARACTERS:  # checked first: NFC takes quadratic time for a run of combining marks
        raise ValueError(f"is longer than {MAX_ADDRESS_CHARACTERS} characters")
    text = unicodedata.normalize("NFC", text).strip()
    if text.endswith(">") and "<" in text:
        text = text[text.rindex("<") + 1 : -1].strip()
    local, at, domain = text.rpartition("@")
    local = local.lower()  # before it is measured: some letters become longer
    if not at or not _LOCAL.fullmatch(local) or len(local.encode()) > 64:
        raise ValueError("must be one mailbox address, such as adele@contoso.com")
    return f"{local}@{domain_name(domain)}"


def domain_name(text: str) -> str:
    """A domain in lower case and as A-labels. ValueError if it is not a domain."""
    domain = text.strip().removesuffix(".").lower()
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode()
        except (idna.IDNAError, UnicodeError):
            domain = ""
    if not _DOMAIN.fullmatch(domain) or len(domain) > 253:
        raise ValueError(f"{text!r} is not a domain name")
    return domain


def domain_of(mailbox: str) -> str:
    """The domain of a normalized mailbox address."""
    return mailbox.rpartition("@")[2]


def without_tag(mailbox: str) -> str | None:
    """`adele@contoso.com` for `adele+news@contoso.com` (plus addressing); None if there is no tag."""
    local, _, domain = mailbox.rpartition("@")
    name, plus, _ = local.partition("+")
    return f"{name}@{domain}" if plus and name else None


def guid(text: str) -> str:
    """A GUID in lower case. ValueError if it is not a GUID."""
    text = text.strip().lower()
    if not _GUID.fullmatch(text):
        raise ValueError("must be a GUID, such as 6f0c0f4e-1d6c-4c69-9c3e-0f5d3f1c2a77")
    return text
