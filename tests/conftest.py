"""For all tests: hypothesis without deadlines, since a shared machine is slow at times, and msgraph-sdk's own noise."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("triage", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("triage")


def pytest_configure(config: pytest.Config) -> None:
    """The SDK warns of its own generated configuration classes when a module with request builders is first loaded."""
    for text in ("This class", "GetQueryParameters"):
        config.addinivalue_line("filterwarnings", f"ignore:{text} is deprecated:DeprecationWarning")
