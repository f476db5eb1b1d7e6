"""Addresses, domains and GUIDs are normalized, or refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.addresses import MAX_ADDRESS_CHARACTERS, domain_name, domain_of, guid, mailbox_address

MAILBOXES = [
    ("adele@contoso.com", "adele@contoso.com"),
    ("Adele@Contoso.COM", "adele@contoso.com"),
    ("  adele@contoso.com\t", "adele@contoso.com"),
    ("Adele Vance <Adele@contoso.com>", "adele@contoso.com"),
    ('"Vance, Adele" <adele@contoso.com> ', "adele@contoso.com"),
    ("<adele@contoso.com>", "adele@contoso.com"),
    ("a <b> c <adele@contoso.com>", "adele@contoso.com"),
    ("adele@contoso.com.", "adele@contoso.com"),
    ("o'neil+x=y#z/q?w%s@contoso.com", "o'neil+x=y#z/q?w%s@contoso.com"),
    ("adele@bücher.example", "adele@xn--bcher-kva.example"),
    ("adele@BÜCHER.example", "adele@xn--bcher-kva.example"),
    ("adele@XN--BCHER-KVA.example", "adele@xn--bcher-kva.example"),
    ("adele@bu\u0308cher.example", "adele@xn--bcher-kva.example"),
    ("adele@例え。テスト", "adele@xn--r8jz45g.xn--zckzah"),
    ("JOSÉ@contoso.com", "josé@contoso.com"),
    ("jose\u0301@contoso.com", "josé@contoso.com"),
    ("a" * 64 + "@contoso.com", "a" * 64 + "@contoso.com"),
]


@pytest.mark.parametrize(("text", "normal"), MAILBOXES)
def test_mailboxes(text: str, normal: str) -> None:
    assert mailbox_address(text) == normal


@pytest.mark.parametrize("text", [
    "", " ", "adele", "@contoso.com", "adele@", "adele@contoso", "adele@@contoso.com", "a b@contoso.com",
    "a,b@contoso.com", "a;b@contoso.com", "adele@contoso.com, bob@contoso.com", '"quoted"@contoso.com',
    "a\x00b@contoso.com", "a\x7fb@contoso.com", "a\nb@contoso.com", "adele@con_toso..com", "adele@-contoso.com",
    "Adele <adele@contoso.com", "adele@contoso.com>", "a" * 65 + "@contoso.com", "é" * 33 + "@contoso.com",
    "adele@" + "a" * 64 + ".example", "adele@" + "a." * 127 + "example", "a(b)@contoso.com", "a\\b@contoso.com",
    "adele@contoso.com/x", "adele@[127.0.0.1]",
])  # fmt: skip
def test_other_texts_are_not_mailboxes(text: str) -> None:
    with pytest.raises(ValueError):
        mailbox_address(text)


def test_an_address_has_at_most_512_characters() -> None:
    long = " " * (MAX_ADDRESS_CHARACTERS - len("adele@contoso.com")) + "adele@contoso.com"
    assert mailbox_address(long) == "adele@contoso.com"
    with pytest.raises(ValueError, match="longer than 512"):
        mailbox_address(f" {long}")


def test_the_length_of_a_mailbox_is_measured_in_lower_case() -> None:
    """A row key holds 64 bytes of the part before the @, so its length in lower case counts."""
    assert mailbox_address("İ" * 21 + "@contoso.com") == "i\u0307" * 21 + "@contoso.com"
    with pytest.raises(ValueError):
        mailbox_address("İ" * 32 + "@contoso.com")


@given(st.text(max_size=40))
def test_any_text_is_a_mailbox_or_refused(text: str) -> None:
    try:
        normal = mailbox_address(text)
    except ValueError:
        return
    assert mailbox_address(normal) == normal


@given(st.text(min_size=1, max_size=70))
def test_any_local_part_is_kept_within_its_length_or_refused(local: str) -> None:
    try:
        normal = mailbox_address(f"{local}@contoso.com")
    except ValueError:
        return
    assert mailbox_address(normal) == normal
    assert len(normal.rpartition("@")[0].encode()) <= 64


@pytest.mark.parametrize(("text", "domain"), [
    ("Contoso.com", "contoso.com"), (" contoso.com. ", "contoso.com"), ("straße.example", "xn--strae-oqa.example"),
    ("a.b.c.example", "a.b.c.example"), ("contoso．com", "contoso.com"),
])  # fmt: skip
def test_domains(text: str, domain: str) -> None:
    assert domain_name(text) == domain
    assert domain_of(f"adele@{domain}") == domain


@pytest.mark.parametrize("text", ["", "localhost", "a..b", "a b.example", "contoso.com/x", "a_b.example"])
def test_other_texts_are_not_domains(text: str) -> None:
    with pytest.raises(ValueError, match="is not a domain name"):
        domain_name(text)


def test_guids() -> None:
    text = "6F0C0F4E-1D6C-4C69-9C3E-0F5D3F1C2A77"
    assert guid(f" {text} ") == text.lower()
    for wrong in ("", text[:-1], "{" + text + "}", text.replace("-", ""), text.replace("F", "G"), text + "\n-"):
        with pytest.raises(ValueError, match="must be a GUID"):
            guid(wrong)
