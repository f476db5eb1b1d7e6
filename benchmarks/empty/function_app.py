"""The least that a function app can be: the measure of what this service adds to a start."""

from __future__ import annotations

import azure.functions as func

app = func.FunctionApp()


@app.queue_trigger("message", "%TRIAGE_QUEUE%", "TriageStorage")
async def empty(message: func.QueueMessage) -> None:
    pass
