"""The functions: triggers and routes only. What they do is in `triage`."""

from __future__ import annotations

import azure.functions as func

from triage.api import audits, failures, findings, health, rejected, summary
from triage.auditing import audit_all
from triage.deliveries import QueueMessage, handle, handle_poison
from triage.runtime import services
from triage.settings import DEFAULT_AUDIT_SCHEDULE, DEFAULT_QUEUE, binding_expression, read_settings

SETTINGS = read_settings()  # a missing or wrong setting stops the start, and names itself
QUEUE = binding_expression("TRIAGE_QUEUE", DEFAULT_QUEUE)
SCHEDULE = binding_expression("AUDIT_SCHEDULE", DEFAULT_AUDIT_SCHEDULE)

# With easyauth the platform has signed the caller in, and the app checks the role.
app = func.FunctionApp(func.AuthLevel.ANONYMOUS if SETTINGS.easyauth else func.AuthLevel.FUNCTION)


@app.queue_trigger("message", QUEUE, "TriageStorage")
async def triage_failure(message: func.QueueMessage) -> None:
    await handle(services(), QueueMessage.of(message))


@app.queue_trigger("message", f"{QUEUE}-poison", "TriageStorage")
async def triage_poison(message: func.QueueMessage) -> None:
    await handle_poison(services(), QueueMessage.of(message))


@app.timer_trigger("timer", SCHEDULE)
async def audit_permissions(timer: func.TimerRequest) -> None:
    await audit_all(services(), SETTINGS.tenants)


@app.route("failures", methods=[func.HttpMethod.POST])
async def post_failures(req: func.HttpRequest) -> func.HttpResponse:
    return await failures.post(req)


@app.route("failures", methods=[func.HttpMethod.OPTIONS])
async def options_failures(req: func.HttpRequest) -> func.HttpResponse:
    return await failures.options(req)


@app.route("findings", methods=[func.HttpMethod.GET])
async def get_findings(req: func.HttpRequest) -> func.HttpResponse:
    return await findings.search(req)


@app.route("findings/{id}", methods=[func.HttpMethod.GET])
async def get_finding(req: func.HttpRequest) -> func.HttpResponse:
    return await findings.get(req)


@app.route("findings/{id}/retriage", methods=[func.HttpMethod.POST])
async def post_retriage(req: func.HttpRequest) -> func.HttpResponse:
    return await findings.retriage(req)


@app.route("audits", methods=[func.HttpMethod.GET])
async def get_audits(req: func.HttpRequest) -> func.HttpResponse:
    return await audits.search(req)


@app.route("audits", methods=[func.HttpMethod.POST])
async def post_audits(req: func.HttpRequest) -> func.HttpResponse:
    return await audits.post(req)


@app.route("audits/latest", methods=[func.HttpMethod.GET])
async def get_latest_audits(req: func.HttpRequest) -> func.HttpResponse:
    return await audits.latest(req)


@app.route("audits/{id}", methods=[func.HttpMethod.GET])
async def get_audit(req: func.HttpRequest) -> func.HttpResponse:
    return await audits.get(req)


@app.route("summary", methods=[func.HttpMethod.GET])
async def get_summary(req: func.HttpRequest) -> func.HttpResponse:
    return await summary.get(req)


@app.route("rejected", methods=[func.HttpMethod.GET])
async def get_rejected(req: func.HttpRequest) -> func.HttpResponse:
    return await rejected.search(req)


@app.route("health", methods=[func.HttpMethod.GET], auth_level=func.AuthLevel.ANONYMOUS)
async def get_health(req: func.HttpRequest) -> func.HttpResponse:
    return await health.get(req)
