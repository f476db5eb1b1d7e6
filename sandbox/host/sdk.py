"""The driver `sdk`: calls the functions of a FunctionApp with the values that azure-functions' own converters make.

For Python 3.11 and 3.12, where the worker library does not exist. It accepts some mistakes that Azure does not (a
wrong annotation, a parameter without a binding). The other driver finds those.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import os
import sys
import threading
import traceback
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import azure.functions as func
from azure.functions import meta

from sandbox.host.config import HostError
from sandbox.host.driver import Datum, Function, Outcome


class Out(func.Out[Any]):
    def __init__(self) -> None:
        self.value: Any = None

    def set(self, val: Any) -> None:
        self.value = val

    def get(self) -> Any:
        return self.value


class Context(func.Context):
    def __init__(self, invocation_id: str, function_name: str, folder: str) -> None:
        self._values = (invocation_id, function_name, folder)

    @property
    def invocation_id(self) -> str:
        return self._values[0]

    @property
    def function_name(self) -> str:
        return self._values[1]

    @property
    def function_directory(self) -> str:
        return self._values[2]

    @property
    def thread_local_storage(self) -> Any:
        return threading.local()

    @property
    def trace_context(self) -> Any:
        return None

    @property
    def retry_context(self) -> Any:
        return None


class SdkDriver:
    name = "sdk"

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor()
        self.folder = ""
        self.handlers: dict[str, Any] = {}

    async def load(self, folder: Path) -> list[tuple[str, str, list[dict[str, Any]]]]:
        sys.path.insert(0, str(folder))
        os.chdir(folder)
        self.folder = str(folder)
        try:
            module = importlib.import_module("function_app")
            apps = [value for value in vars(module).values() if isinstance(value, func.FunctionRegister)]
            if len(apps) != 1:
                raise ValueError(f"{len(apps)} function apps in function_app.py, where there must be one")
            functions = apps[0].get_functions()
        except Exception as error:
            raise HostError(f"the function app cannot be loaded\n{traceback.format_exc()}") from error
        loaded = []
        for function in functions:
            name = function.get_function_name()
            id = str(uuid.uuid5(uuid.NAMESPACE_OID, name))
            self.handlers[id] = function.get_user_function()
            loaded.append((id, name, [json.loads(raw) for raw in function.get_raw_bindings()]))
        return loaded

    async def invoke(
        self, function: Function, invocation_id: str, data: Datum, metadata: Mapping[str, Datum]
    ) -> Outcome:
        handler = self.handlers[function.id]
        try:
            arguments = self._arguments(function, handler, invocation_id, data, metadata)
            if inspect.iscoroutinefunction(handler):
                result = await handler(**arguments)
            else:
                loop = asyncio.get_running_loop()
                result = await loop.run_in_executor(self.pool, lambda: handler(**arguments))
            outputs = {
                name: _encoded("queue", arguments[name].value)
                for name in function.outputs
                if name in arguments and arguments[name].value is not None
            }
            if function.trigger["type"] == "httpTrigger":
                return Outcome(returned=_encoded("http", result), outputs=outputs)
            if "$return" in function.outputs:
                return Outcome(outputs=outputs | {"$return": _encoded("queue", result)})
            if result is not None:
                raise RuntimeError(f"function {function.name} without a $return binding returned a value")
        except Exception as error:
            return Outcome(error=f"{type(error).__name__}: {error}", traceback=traceback.format_exc())
        return Outcome(outputs=outputs)

    def close(self) -> None:
        self.pool.shutdown(wait=False, cancel_futures=True)

    def _arguments(
        self, function: Function, handler: Any, invocation_id: str, data: Datum, metadata: Mapping[str, Datum]
    ) -> dict[str, Any]:
        converter = meta._ConverterMeta.get(function.trigger["type"])
        details = {name: meta.Datum(value.value, value.type) for name, value in metadata.items()}
        decoded = converter.decode(_incoming(data), trigger_metadata=details)
        arguments = {function.trigger["name"]: decoded}
        parameters = inspect.signature(handler).parameters
        arguments |= {name: Out() for name in function.outputs if name in parameters}
        if "context" in parameters and "context" not in arguments:
            arguments["context"] = Context(invocation_id, function.name, self.folder)
        return arguments


def _incoming(data: Datum) -> meta.Datum:
    if data.type != "http":
        return meta.Datum(data.value, data.type)

    def texts(values: Mapping[str, str]) -> dict[str, meta.Datum]:
        return {name: meta.Datum(value, "string") for name, value in values.items()}

    http = data.value
    return meta.Datum(
        {
            "method": meta.Datum(http["method"], "string"),
            "url": meta.Datum(http["url"], "string"),
            "headers": texts(http["headers"]),
            "query": texts(http["query"]),
            "params": texts(http["params"]),
            "body": meta.Datum(http["body"], "bytes"),
        },
        "http",
    )


def _encoded(binding: str, value: Any) -> Datum:
    datum = meta._ConverterMeta.get(binding).encode(value, expected_type=type(value))
    if datum.type != "http":
        return Datum(datum.type, datum.value)
    if datum.value.get("cookies"):
        raise NotImplementedError("the local host has no response cookies")
    return Datum(
        "http",
        {
            "status": int(datum.value["status_code"].value),
            "headers": {name: value.value for name, value in datum.value["headers"].items()},
            "body": datum.value["body"].value,
        },
    )
