"""The dashboard's page of what a command would print."""

from __future__ import annotations

import webbrowser
from urllib.parse import urlencode

from triage.cli.client.service import Target, address
from triage.cli.errors import UsageError
from triage.cli.show.terminal import say


def open_page(target: Target, **place: str) -> None:
    """Opens a page of the dashboard in the browser, and says its URL, which has no key."""
    if not target.url:
        raise UsageError("--web needs --url or TRIAGE_URL: the dashboard is part of a deployment.")
    url = f"{address(target.url)[0]}/api/dashboard?{urlencode(place)}"
    say(url, whole=True)
    if not webbrowser.open(url):
        say("No browser could be opened here. Open the URL yourself.")
