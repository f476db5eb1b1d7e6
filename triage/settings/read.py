"""Reads the settings from the environment, once, and checks them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from triage.problems import TriageError
from triage.settings.model import Settings
from triage.settings.platform import Identity, Storage, TelemetrySettings
from triage.settings.table import default_of

_Model = TypeVar("_Model", bound=BaseModel)


class SettingsError(TriageError):
    """A setting is missing or wrong. The text names it and says what to do."""


def read_settings(environ: Mapping[str, str] | None = None, *, needs_storage: bool = True) -> Settings:
    """The settings of the environment. Raises SettingsError, which names the setting, if one is missing or wrong.

    With `needs_storage=False` the storage account is not read: the caller asks only Graph.
    """
    environ = os.environ if environ is None else environ
    storage = _storage(environ) if needs_storage else Storage()
    identity = _read(Identity, environ)
    settings = _read(Settings, environ, storage=storage, identity=identity)
    tenants = tuple(tenant.at(identity.authority, settings.graph_endpoint) for tenant in settings.tenants)
    return settings.model_copy(update={"tenants": tenants})


def require_sign_in(settings: Settings) -> None:
    """SettingsError if the API trusts App Service's sign-in, and nothing says that it is on.

    With `easyauth` the API believes the header with the caller's roles. Without the sign-in, any caller can send it.
    """
    if settings.easyauth and not (settings.sign_in_enabled or settings.sign_in_confirmed):
        raise SettingsError(
            "TRIAGE_AUTH is easyauth, but App Service doesn't report that its sign-in is on (WEBSITE_AUTH_ENABLED). "
            "Turn on authentication for the function app, or set TRIAGE_AUTH to keys. If you checked that it is on and "
            "requires a sign-in, set TRIAGE_SIGN_IN_CONFIRMED to true."
        )


def read_telemetry_settings(environ: Mapping[str, str] | None = None) -> TelemetrySettings | None:
    """The settings of telemetry, or None if no connection string is set: then nothing is sent, and nothing checked."""
    environ = os.environ if environ is None else environ
    if not environ.get("APPLICATIONINSIGHTS_CONNECTION_STRING"):
        return None
    return _read(TelemetrySettings, environ)


def binding_expression(name: str) -> str:
    """`%NAME%` if the setting is set, otherwise its default: the host fails on the name of a setting that is not set."""
    return f"%{name}%" if os.environ.get(name) else str(default_of(name))


def _storage(environ: Mapping[str, str]) -> Storage:
    storage = _read(Storage, environ)
    if storage.connection_string:
        return Storage(connection_string=storage.connection_string)
    if not storage.queue_uri and not storage.table_uri:
        raise SettingsError(
            "TriageStorage is missing: give the storage account's connection string, or, for an identity, "
            "TriageStorage__queueServiceUri and TriageStorage__tableServiceUri."
        )
    for kind, uri in (("queue", storage.queue_uri), ("table", storage.table_uri)):
        if not uri:
            raise SettingsError(
                f"TriageStorage__{kind}ServiceUri is missing: both endpoints of the account are needed."
            )
    return storage


def _read(model: type[_Model], environ: Mapping[str, str], **parts: object) -> _Model:
    """A model from the settings that its fields name. An empty setting counts as missing."""
    names = [field.alias for field in model.model_fields.values() if field.alias]
    given: dict[str, object] = {name: environ[name] for name in names if environ.get(name)}
    try:
        return model.model_validate(given | parts)
    except ValidationError as error:
        raise SettingsError(_sentence(model, error.errors()[0])) from None


def _sentence(model: type[BaseModel], problem: Any) -> str:
    name, *place = problem["loc"]
    if problem["type"] == "missing" and not place:
        field = next(field for field in model.model_fields.values() if field.alias == name)
        return f"{name} is missing. Example: {(field.examples or [''])[0]}"
    text = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "literal_error" and not place:
        text = f"must be {problem['ctx']['expected'].replace(chr(39), '')}, not {problem['input']!r}"
    return f"{name}, at /{'/'.join(map(str, place))}: {text}." if place else f"{name} {text}."
