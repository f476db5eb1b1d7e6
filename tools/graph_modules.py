"""Finds the modules of msgraph-sdk that the service loads: it opens a session and reads an error from Graph.

Runs with only the packages that are deployed on the path, so it also shows that they are enough.
"""

from __future__ import annotations

import ast
import asyncio
import importlib
import importlib.util
import sys
from pathlib import Path

TENANT = "00000000-0000-0000-0000-000000000000"
# As Graph writes one (https://learn.microsoft.com/graph/errors), with everything that may be in it.
ERROR = b"""{"error": {"code": "BadRequest", "message": "No.", "target": "x",
    "details": [{"code": "y", "message": "Nor this.", "target": "z"}],
    "innerError": {"date": "2026-01-01T00:00:00", "request-id": "1", "client-request-id": "2"}}}"""


def main() -> None:
    """Writes the files of the modules that were loaded, one per line."""
    for name in imported_by_triage():
        importlib.import_module(name)
    asyncio.run(_open_a_session())
    _read_an_error()
    files = {getattr(module, "__file__", None) for name, module in sys.modules.items() if name.startswith("msgraph.")}
    sys.stdout.writelines(f"{file}\n" for file in sorted(file for file in files if file))


def imported_by_triage() -> set[str]:
    """The modules of msgraph-sdk that triage imports anywhere, at the top or in a function."""
    found: set[str] = set()
    for path in (Path(__file__).parent.parent / "triage").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "msgraph":
                found.add(node.module)
                found |= {f"{node.module}.{alias.name}" for alias in node.names if _is_module(node.module, alias.name)}
            elif isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names if alias.name.split(".")[0] == "msgraph"}
    return found


def _is_module(package: str, name: str) -> bool:
    return importlib.util.find_spec(f"{package}.{name}") is not None if _is_package(package) else False


def _is_package(name: str) -> bool:
    spec = importlib.util.find_spec(name)
    return spec is not None and spec.submodule_search_locations is not None


async def _open_a_session() -> None:
    from triage.graph.session import GraphSession
    from triage.settings import Settings, Storage, Tenant

    tenant = Tenant(tenant_id=TENANT, etd_app_id=TENANT)
    settings = Settings(storage=Storage(), tenants=(tenant,), graph_endpoint="http://127.0.0.1:9")
    await GraphSession(settings, tenant).close()


def _read_an_error() -> None:
    from kiota_serialization_json.json_parse_node_factory import JsonParseNodeFactory
    from msgraph.generated.models.o_data_errors.o_data_error import ODataError

    node = JsonParseNodeFactory().get_root_parse_node("application/json", ERROR)
    error = node.get_object_value(ODataError)
    assert error.error and error.error.details and error.error.inner_error  # noqa: S101
