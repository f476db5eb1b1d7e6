"""`/api/dashboard`: the dashboard and its files. They contain no data: the dashboard reads it from the API.

The files are built from `dashboard/` and committed in `triage/dashboard/`, so that a deployment needs no Node.js. The
titles of causes are not in them: they are written in front of the script.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from http import HTTPStatus
from pathlib import Path
from urllib.parse import unquote, urlsplit

import azure.functions as func

from triage.api.access import AccessError, header, identify, may_write
from triage.api.problem_types import ProblemType
from triage.api.representation import representation
from triage.api.responses import problem_response
from triage.diagnosis.precedence import RULES
from triage.diagnosis.undetermined import FORBIDDEN, unknown
from triage.graph.evidence import Lack, Reason
from triage.graph.permissions import SETS
from triage.operations.services import services

_FOLDER = Path(__file__).parent.parent / "dashboard"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}

# Only this app's own files and API, no markup from a string, and no frame around the page.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_PAGE_HEADERS = {
    **_HEADERS,
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
    "Vary": "Accept",
}


@representation
async def page(request: func.HttpRequest) -> func.HttpResponse:
    """The page. With `easyauth`, a browser without the role also gets a page, with 401 or 403, which says what is missing."""
    url = urlsplit(request.url)
    if url.path.endswith("/"):  # the page's links are relative to a URL without it
        query = _without_key(url.query)
        headers = {**_HEADERS, "Cache-Control": "no-store", "Location": "../dashboard" + (f"?{query}" if query else "")}
        return func.HttpResponse(status_code=HTTPStatus.TEMPORARY_REDIRECT, headers=headers)
    settings = services().settings
    status, writes = HTTPStatus.OK, True
    try:
        identify(settings, request)
        writes = may_write(settings, request)
    except AccessError as error:
        if "text/html" not in (header(request, "Accept") or ""):
            return problem_response(error.kind, str(error))
        status = error.kind.status
    text = _page("easyauth" if settings.easyauth else "keys", "write" if writes else "read")
    return func.HttpResponse(text, status_code=status, headers=_PAGE_HEADERS, mimetype="text/html", charset="utf-8")


def _without_key(query: str) -> str:
    """The query without `code`, which can have a function key: a redirect would write it into logs and histories."""
    return "&".join(part for part in query.split("&") if unquote(part.partition("=")[0]).lower() != "code")


@representation
async def asset(request: func.HttpRequest) -> func.HttpResponse:
    """A file of the dashboard. A browser caches it until the page asks for another version of it."""
    name = request.route_params["asset"]
    body = _assets().get(name)
    if body is None:
        return problem_response(ProblemType.NOT_FOUND, "The dashboard has no such file.")
    current = request.params.get("v") == _version()
    cached = "public, max-age=31536000, immutable" if current else "no-cache"
    return func.HttpResponse(
        body, headers={**_HEADERS, "Cache-Control": cached}, mimetype=_TYPES[Path(name).suffix], charset="utf-8"
    )


@cache
def _assets() -> dict[str, bytes]:
    found = {path.name: path.read_bytes() for path in sorted(_FOLDER.iterdir()) if path.suffix in _TYPES}
    return found | {"app.js": f"const WORDS={json.dumps(_words())};\n".encode() + found["app.js"]}


def _words() -> dict[str, object]:
    """The titles of causes and reasons, and what the service asks for (dashboard/src/words.d.ts)."""
    reasons = {reason.value: unknown(Lack(check="", reason=reason)).why for reason in Reason}
    causes = {cause.value: rule.title for cause, rule in RULES.items()}
    return {"causes": causes, "reasons": reasons, "forbidden": FORBIDDEN.why, "sets": SETS}


@cache
def _version() -> str:
    """A hash of the files."""
    return hashlib.sha256(b"\0".join(_assets().values())).hexdigest()[:16]


@cache
def _page(auth: str, may: str) -> str:
    text = (_FOLDER / "index.html").read_text(encoding="utf-8")
    return text.replace("{{auth}}", auth).replace("{{may}}", may).replace("{{version}}", _version())
