"""Writes which modules of msgraph-sdk the service loads, for tools.package: it opens a session and reads an error.

Run `python -m tools.graph_modules` after the lock file has another msgraph-sdk, or triage imports more of it. It runs in a
process of its own, in which nothing else has loaded any. `--print` writes them to standard output instead.
"""

from __future__ import annotations

import ast
import asyncio
import importlib
import importlib.util
import sys
from pathlib import Path

from tools.package import GRAPH_MODULES

TENANT = "00000000-0000-0000-0000-000000000000"
# As Graph writes one (https://learn.microsoft.com/graph/errors), with everything that may be in it.
ERROR = b"""{"error": {"code": "BadRequest", "message": "No.", "target": "x",
    "details": [{"code": "y", "message": "Nor this.", "target": "z"}],
    "innerError": {"date": "2026-01-01T00:00:00", "request-id": "1", "client-request-id": "2"}}}"""


def main(arguments: list[str]) -> int:
    """Writes the files of the modules that were loaded, one per line, relative to the folder that contains msgraph."""
    for name in imported_by_triage():
        importlib.import_module(name)
    asyncio.run(_open_a_session())
    _read_an_error()
    loaded = [module for name, module in sys.modules.items() if name.startswith("msgraph.")]
    files = {Path(module.__file__) for module in loaded if module.__file__}
    root = Path(sys.modules["msgraph"].__path__[0]).parent
    text = "".join(f"{file.relative_to(root).as_posix()}\n" for file in sorted(files))
    if "--print" in arguments:
        sys.stdout.write(text)
    else:
        GRAPH_MODULES.write_text(text, encoding="utf-8")
    return 0


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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
