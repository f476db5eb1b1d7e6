"""A simulated Email Threat Defense (ETD): Message Search, Log Export and Status over HTTP, with ETD's rules.

Not deployed. It imports nothing from the service, so it is a second, independent implementation of what is known about
ETD. ETD's side holds only what ETD did or tried. The result is in the mailboxes of the simulated tenant, and ETD does
not show it.

As a process: `python -m sandbox etd --graph http://127.0.0.1:PORT`. In a test, on the test's own event loop:

    async with tenant.serve.server.serve(world) as graph, etd.server.serve([tenant_id], graph.url, start=MORNING) as etd:
        settings["ETD_APIS"] = json.dumps(etd.apis())
        [mail] = await etd.convict([{"mailboxes": ["ines@contoso.com"], "action": "quarantine"}])
        await etd.advance(minutes=12)

`start`: the clock stays at that time until `advance`; without it, it follows the machine's clock. The rate limiter goes by
the same clock, so with a clock that stands turn it off: `etd.switches.change({"rateLimit": False})`.

A message for `convict` (all but `mailboxes` optional): `id`, `internetMessageId`, `subject`, `from`, `direction`, `receivedAt`
(default: now), `verdict` (default phishing; null: never convicted), `verdictAt` (default: as received), `action` (a folder;
default: none), `actionAt` (default: with the verdict), `by` (automatic, manual or api), `deliver` (false: the message is not
put into the mailboxes). Times are RFC 3339 or relative to now (-3h, +5m). A time to come happens when the clock gets there.
`judge(id, {"verdict", "action", "by", "at"})` is a later verdict or action; the action `inbox` is a release.

Whether an action works is up to the tenant: the state of ETD's app there, whether the mailbox answers, `etdFails`. Without
a tenant, an action fails where the message's `fails` (a list of mailboxes) says so.

Modules: `switches` (what nobody knows for sure, each way), `engine` (what happens, and when), `ledger` and `rows` (Log
Export's files), `search`, `log_export`, `status` (the API), `control` (what tests call over HTTP), `server`.
"""
