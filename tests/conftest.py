"""For all tests: hypothesis without deadlines, since a shared machine is slow at times."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("triage", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("triage")
