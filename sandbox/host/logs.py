"""The host's log, and the app's, on the terminal."""

from __future__ import annotations

import logging
import sys
import time


def to_terminal(level: int) -> None:
    """Errors to standard error, the rest to standard output. The SDKs, which log every request, only warn."""
    form = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S")
    form.converter = time.gmtime
    output, errors = logging.StreamHandler(sys.stdout), logging.StreamHandler(sys.stderr)
    output.addFilter(lambda record: record.levelno < logging.ERROR)
    errors.setLevel(logging.ERROR)
    root = logging.getLogger()
    root.setLevel(level)
    for handler in (output, errors):
        handler.setFormatter(form)
        root.addHandler(handler)
    for name in ("azure", "aiohttp.access", "httpx", "asyncio"):
        logging.getLogger(name).setLevel(max(level, logging.WARNING) if level > logging.DEBUG else level)
