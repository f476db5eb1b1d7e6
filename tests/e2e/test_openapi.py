"""The API against its own description: schemathesis asks the running service whatever the description allows, and more."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from sandbox.azurite import azurite
from sandbox.processes import child, host
from sandbox.tenant.world import World

# The platform answers a method that no function has with 404, as Azure Functions does.
EXCLUDED = "unsupported_method"
SECONDS = 400


def test_schemathesis_finds_nothing() -> None:
    program = Path(sys.executable).with_name("schemathesis")
    key = "key-of-the-test"
    with azurite() as storage, child("tenant", "--port", "0", environ={}) as tenant:
        settings = {
            "TriageStorage": storage.connection_string,
            "TRIAGE_TENANTS": json.dumps(World.load().triage_tenants()),
            "GRAPH_ENDPOINT": tenant.wait_for(r"^Graph listening at (http://\S+)")[1],
            "AzureWebJobsSandboxKey": key,
        }
        with host("--enable-auth", environ=settings) as (_, address):
            command = [
                str(program), "run", f"{address}/api/openapi.json", "--header", f"x-functions-key: {key}", "--seed", "1",
                "--max-examples", "15", "--phases", "examples,coverage,fuzzing", "--checks", "all",
                "--exclude-checks", EXCLUDED, "--request-timeout", "30", "--suppress-health-check", "all",
            ]  # fmt: skip
            environ = os.environ | {"COVERAGE_PROCESS_CONFIG": ""}  # the program is not measured, the host is
            run = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=SECONDS, check=False)
    failures = [
        line[:300]
        for line in run.stdout.splitlines()
        if line.startswith(("- ST", "Expected", "    Expected", "[4", "[5"))
    ]
    assert run.returncode == 0, "\n".join([*failures, *run.stdout.splitlines()[-12:], run.stderr[-2000:]])
    assert "Tested: " in run.stdout
