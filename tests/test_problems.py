"""The tree of errors in the docstring of triage/problems.py is the tree of classes."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator

import triage
from triage import problems


def _tree(error: type[Exception]) -> Iterator[tuple[str, str]]:
    """Every error with the error that it derives from."""
    for child in error.__subclasses__():
        if child.__module__.startswith("triage."):
            yield child.__name__, error.__name__
            yield from _tree(child)


def _described() -> Iterator[tuple[str, str]]:
    parents: list[str] = []
    for line in (problems.__doc__ or "").splitlines():
        if found := re.match(r"    (?:TriageError$|( *)\+ (\w+))", line):
            depth, name = (0, "TriageError") if found[2] is None else (len(found[1]) // 2, found[2])
            parents[depth:] = [name]
            if depth:
                yield name, parents[depth - 1]


def test_every_error_is_described_under_its_parent() -> None:
    for module in pkgutil.walk_packages(triage.__path__, "triage."):
        if module.name != "triage.__main__":
            importlib.import_module(module.name)
    assert sorted(_described()) == sorted(_tree(problems.TriageError))
