"""What the browser tests share."""

from __future__ import annotations

import base64
import json
import os
import shutil
from collections.abc import Callable

from playwright.sync_api import Page

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

KEY = "sandbox-key-of-the-browser-tests"
OpenPage = Callable[..., Page]
"""An app's address, a query, and options of the browser's context; see `open_page` in conftest.py."""


def chromium() -> str | None:
    """The path of the browser, if there is one."""
    named = os.environ.get("CHROMIUM")
    return named or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def principal(*roles: str) -> dict[str, str]:
    """The header that the platform adds for a user with these app roles."""
    claims = [{"typ": "roles", "val": role} for role in roles]
    text = json.dumps({"auth_typ": "aad", "claims": claims, "role_typ": "roles"})
    return {"X-MS-CLIENT-PRINCIPAL": base64.b64encode(text.encode()).decode()}
