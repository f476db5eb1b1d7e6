"""The triggers and routes of the function app. The functions themselves are in `triage`."""

from __future__ import annotations

import azure.functions as func

from triage.api.route import Route
from triage.api.routes import ROUTES
from triage.operations import retention
from triage.operations.audits import queue_audits
from triage.operations.coverage import start_scans
from triage.operations.degraded import watch
from triage.operations.deliveries import handle, handle_poison
from triage.operations.digest import send_digests
from triage.operations.feeds import poll_now
from triage.operations.maintenance import maintain
from triage.operations.measures import measure
from triage.operations.messages import QueueMessage
from triage.operations.notify import deliver
from triage.operations.services import services
from triage.settings import binding_expression, read_settings, require_sign_in
from triage.telemetry.errors import hide_error_text
from triage.telemetry.instruments import start

start()
SETTINGS = read_settings()  # a missing or wrong setting stops the start, and names itself
require_sign_in(SETTINGS)
QUEUE = binding_expression("TRIAGE_QUEUE")
SCHEDULE = binding_expression("AUDIT_SCHEDULE")
COVERAGE = binding_expression("COVERAGE_SCHEDULE")
RETENTION = binding_expression("RETENTION_SCHEDULE")
ETD_POLL = binding_expression("ETD_POLL_SCHEDULE")

# With easyauth the platform signs the caller in, and the app checks the role.
app = func.FunctionApp(func.AuthLevel.ANONYMOUS if SETTINGS.easyauth else func.AuthLevel.FUNCTION)


@app.queue_trigger("message", QUEUE, "TriageStorage")
async def triage_failure(message: func.QueueMessage) -> None:
    with hide_error_text():
        await handle(services(), QueueMessage.of(message))


@app.queue_trigger("message", f"{QUEUE}-poison", "TriageStorage")
async def triage_poison(message: func.QueueMessage) -> None:
    with hide_error_text():
        await handle_poison(services(), QueueMessage.of(message))


@app.queue_trigger("message", f"{QUEUE}-looks", "TriageStorage")
async def look_again(message: func.QueueMessage) -> None:
    with hide_error_text():
        await handle(services(), QueueMessage.of(message))


@app.queue_trigger("message", f"{QUEUE}-looks-poison", "TriageStorage")
async def look_again_poison(message: func.QueueMessage) -> None:
    with hide_error_text():
        await handle_poison(services(), QueueMessage.of(message))


@app.timer_trigger("timer", "0 * * * * *")
async def each_minute(timer: func.TimerRequest) -> None:
    with hide_error_text():
        await maintain(services())


@app.timer_trigger("timer", SCHEDULE)
async def audit_permissions(timer: func.TimerRequest) -> None:
    with hide_error_text():
        await queue_audits(services(), SETTINGS.tenants)


if SETTINGS.coverage_schedule != "off":

    @app.timer_trigger("timer", COVERAGE)
    async def scan_coverage(timer: func.TimerRequest) -> None:
        with hide_error_text():
            await start_scans(services(), SETTINGS.tenants)


@app.timer_trigger("timer", RETENTION)
async def remove_expired(timer: func.TimerRequest) -> None:
    with hide_error_text():
        await retention.remove_expired(services())


@app.timer_trigger("timer", "0 */5 * * * *")  # the alerts in infra/ expect it every five minutes
async def measure_state(timer: func.TimerRequest) -> None:
    with hide_error_text():
        await measure(services())
        await watch(services())


if SETTINGS.etd_apis:

    @app.timer_trigger("timer", ETD_POLL)
    async def poll_feeds(timer: func.TimerRequest) -> None:
        with hide_error_text():
            await poll_now(services())


if SETTINGS.notifications:

    @app.timer_trigger("timer", "0 * * * * *")
    async def deliver_notifications(timer: func.TimerRequest) -> None:
        with hide_error_text():
            await deliver(services())

    @app.timer_trigger("timer", "0 0 6 * * *")
    async def daily_digest(timer: func.TimerRequest) -> None:
        with hide_error_text():
            await send_digests(services())


def register(route: Route) -> None:
    async def function(req: func.HttpRequest) -> func.HttpResponse:
        return await route.handler(req)

    function.__name__ = route.name
    level = func.AuthLevel.ANONYMOUS if route.anonymous else None
    app.route(route.path, methods=[route.method], auth_level=level)(function)


for each in ROUTES:
    register(each)
