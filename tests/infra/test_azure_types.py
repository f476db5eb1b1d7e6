"""Every resource of the Bicep files against Azure's published types, and that the comparison finds what is wrong."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.infra.azure_types import UNTYPED, problems, types, used
from tests.infra.bicep import FILES, Resource, every_resource, resource, resources


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_resource_fits_its_type(path: Path) -> None:
    deployed = [one for one in resources(path) if not one.existing and one.type not in UNTYPED]
    assert [problem for one in deployed for problem in problems(one)] == []


def test_the_types_are_those_that_are_used() -> None:
    assert types().keys() == used(every_resource()).keys()


def changed(file: str, name: str, path: str, value: Any) -> Resource:
    """A resource with another value at a place; without the place if the value is ...."""
    one = resource(file, name)
    config = deepcopy(one.config)
    *parents, last = path.split(".")
    at: Any = config
    for part in parents:
        at = at[int(part)] if part.isdigit() else at[part]
    if value is ...:
        del at[last]
    else:
        at[last] = value
    return replace(one, config=config)


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (("function.bicep", "app", "properties.httpOnly"), True, "app.properties.httpOnly: there is no such property"),
        (("function.bicep", "app", "properties.httpsOnly"), "yes", "httpsOnly: string, not bool"),
        (("function.bicep", "app", "properties.state"), "Running", "app.properties.state: can only be read"),
        (("function.bicep", "app", "location"), ..., "app.location: is missing"),
        (("function.bicep", "app", "identity.type"), "Managed", "'Managed' is none of None, SystemAssigned"),
        (("function.bicep", "signIn", "properties.login.tokenStore"), False, "tokenStore: bool, not object"),
        (("function.bicep", "signIn", "properties.globalValidation.excludedPath"), [], "excludedPath: there is no such"),
        (("network.bicep", "network", "properties.subnets.0.properties.natGateway"), "x", "natGateway: string, not object"),
        (("storage.bicep", "account", "properties.networkAcls.defaultAction.operator.operands.true_value"), "No", "'No' is none of"),
        (("alerts.bicep", "group", "properties.emailReceivers.config.email"), "x", "emailReceivers[].email: there is no such"),
        (("vault.bicep", "vault", "properties.tenantId"), ..., "vault.properties.tenantId: is missing"),
        (("vault.bicep", "vault", "properties.enableRbacAuthorisation"), True, "there is no such property"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_found(place: tuple[str, str, str], value: Any, said: str) -> None:
    (problem,) = problems(changed(*place, value))
    assert said in problem
