"""The driver `worker`: azure-functions-runtime, the library that Azure's own worker loads on Python 3.13.

Its interface is protobuf messages, but the caller passes the module that defines them, so plain objects with the same
names work too. Checks, conversions, thread pool and errors are the same as in Azure. The library is internal to
Microsoft, so its version is pinned.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import azure_functions_runtime as runtime

from sandbox.host.config import HostError
from sandbox.host.driver import Datum, Function, Outcome


class Message:
    """A protobuf message as the library sees it: fields by name, None for absent ones, and which field of a oneof is set."""

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)

    def __getattr__(self, name: str) -> Any:
        if name[:1].isupper() or name.startswith("__"):
            raise AttributeError(name)  # the library looks for `.TypedData` to find out the type
        return None

    def WhichOneof(self, oneof: str) -> str | None:
        names = ("data",) if oneof == "rpc_data" else tuple(self.__dict__)
        return next((name for name in names if self.__dict__.get(name) is not None), None)


class StatusResult(Message):
    Failure, Success = 0, 1


class BindingInfo(Message):
    undefined, out, inout = 0, 1, 2


_PLAIN = (
    "FunctionLoadResponse FunctionMetadataResponse InvocationResponse ParameterBinding RpcException "
    "RpcFunctionMetadata RpcHttp RpcRetryOptions TypedData WorkerInitResponse WorkerMetadata"
)
PROTOS = SimpleNamespace(StatusResult=StatusResult, BindingInfo=BindingInfo, **dict.fromkeys(_PLAIN.split(), Message))


class WorkerDriver:
    name = "worker"

    async def load(self, folder: Path) -> list[tuple[str, str, list[dict[str, Any]]]]:
        sys.path.insert(0, str(folder))
        os.chdir(folder)
        runtime.start_threadpool_executor()
        init = Message(function_app_directory=str(folder), capabilities={})
        answer = await runtime.worker_init_request(_request(worker_init_request=init))
        _check(answer.result)
        answer = await runtime.functions_metadata_request(_request(functions_metadata_request=Message()))
        _check(answer.result)
        loaded = []
        for found in answer.function_metadata_results or []:
            wanted = Message(function_id=found.function_id, metadata=found)
            _check((await runtime.function_load_request(_request(function_load_request=wanted))).result)
            loaded.append((found.function_id, found.name, [json.loads(raw) for raw in found.raw_bindings]))
        return loaded

    async def invoke(
        self, function: Function, invocation_id: str, data: Datum, metadata: Mapping[str, Datum]
    ) -> Outcome:
        invocation = Message(
            invocation_id=invocation_id,
            function_id=function.id,
            input_data=[Message(name=function.trigger["name"], data=_typed(data))],
            trigger_metadata={name: _typed(value) for name, value in metadata.items()},
            trace_context=Message(trace_parent="", trace_state="", attributes={}),
            retry_context=Message(retry_count=0, max_retry_count=0),
        )
        answer = await runtime.invocation_request(_request(invocation_request=invocation))
        if answer.result.status != StatusResult.Success:
            return Outcome(error=answer.result.exception.message, traceback=answer.result.exception.stack_trace)
        values = {"$return": answer.return_value} | {output.name: output.data for output in answer.output_data}
        data_out = {name: datum for name, value in values.items() if (datum := _datum(value))}
        returned = None if "$return" in function.outputs else data_out.pop("$return", None)
        return Outcome(returned=returned, outputs=data_out)

    def close(self) -> None:
        if pool := runtime.get_threadpool_executor():
            pool.shutdown(wait=False, cancel_futures=True)


def _request(**request: Message) -> Message:
    return Message(request=Message(**request), properties={"protos": PROTOS, "host": "127.0.0.1"})


def _check(result: Any) -> None:
    if result.status != StatusResult.Success:
        raise HostError(f"the function app cannot be loaded\n{result.exception.stack_trace}{result.exception.message}")


def _typed(datum: Datum) -> Message:
    if datum.type != "http":
        return Message(**{datum.type: datum.value})
    return Message(http=Message(**datum.value | {"body": Message(bytes=datum.value["body"])}))


def _datum(typed: Any) -> Datum | None:
    kind = typed.WhichOneof("data") if typed is not None else None
    if kind is None:
        return None
    if kind != "http":
        return Datum(kind, getattr(typed, kind))
    http = typed.http
    return Datum("http", {"status": int(http.status_code), "headers": http.headers, "body": http.body.bytes or b""})
