"""The service's own handlers, called in this process instead of over the network: the same code, the same JSON."""

from __future__ import annotations

import asyncio
import os
from urllib.parse import unquote

import azure.functions as func
import httpx

from triage.api.route import Route
from triage.api.routes import ROUTES
from triage.cli.errors import CommandError
from triage.operations.services import services
from triage.settings import SettingsError

ADDRESS = "http://storage.invalid"  # nothing is sent to it


class DirectTransport(httpx.AsyncBaseTransport):
    """Passes httpx's requests to `triage.api`, with the storage account in the environment's settings."""

    def __init__(self) -> None:
        # The storage account's key allows everything, and there is no platform here that signs callers in.
        os.environ["TRIAGE_AUTH"] = "keys"
        try:
            self._services = services()
        except SettingsError as error:
            raise CommandError(str(error)) from None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The handler's response."""
        route, parameters = _find(request.method, request.url.raw_path.decode())
        answer = await route.handler(
            func.HttpRequest(
                method=request.method,
                url=str(request.url),
                headers=dict(request.headers),
                params=dict(request.url.params),
                route_params=parameters,
                body=await request.aread(),
            )
        )
        headers = {**answer.headers, "content-type": answer.mimetype or ""}
        return httpx.Response(answer.status_code, headers=headers, content=answer.get_body(), request=request)

    async def aclose(self) -> None:
        """Closes the connections to storage and to Graph, after what was begun in the background has ended.

        After Ctrl-C, nothing is waited for.
        """
        task = asyncio.current_task()
        if task is not None and not task.cancelling():
            await self._services.finish()
        await self._services.close()


def _find(method: str, path: str) -> tuple[Route, dict[str, str]]:
    """The route of a request, and the values of its `{parameters}`."""
    # Split before decoding: an encoded slash in an ID does not end a segment.
    segments = [unquote(segment) for segment in path.partition("?")[0].removeprefix("/api/").split("/")]
    for route in ROUTES:
        names = route.path.split("/")
        if route.method == method and len(names) == len(segments):
            pairs = list(zip(names, segments, strict=True))
            if all(name == segment or name.startswith("{") for name, segment in pairs):
                return route, {name.strip("{}"): segment for name, segment in pairs if name.startswith("{")}
    raise LookupError(f"{method} {path} is not a route of the service")
