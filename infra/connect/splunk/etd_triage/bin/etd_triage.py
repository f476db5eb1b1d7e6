"""Alert action of Splunk: sends the rows of ETD's Log Export that a search found to the triage service.

Splunk starts it with `--execute` and gives it the alert as JSON on standard input. The function key is in Splunk's
storage/passwords, not in the alert. Standard library only: it runs with Splunk's own Python (3.7 or later). What it
writes to standard error is in splunkd.log; it has no addresses.
"""

import csv
import gzip
import json
import ssl
import sys
import time
import urllib.error
import urllib.request

ROWS_IN_A_BODY = 200  # well under the service's 1,000 failures and 1 MiB, also if each has several mailboxes
TRIES = 4
# Splunk's own port on this machine has a certificate of its own.
LOCAL = ssl._create_unverified_context()  # noqa: S323


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is an error: followed, it would take the key to another host."""

    def redirect_request(self, *_):
        return None


def call(url, headers, body=None, context=None):
    """The JSON of an answer."""
    if not url.startswith(("https://", "http://127.0.0.1:")):
        raise ValueError("the service's address must be https")
    opener = urllib.request.build_opener(NoRedirect, urllib.request.HTTPSHandler(context=context))
    with opener.open(urllib.request.Request(url, body, headers), timeout=60) as answer:  # noqa: S310
        return json.loads(answer.read())


def function_key(alert):
    """The key that was stored under the name `key`."""
    url = alert["server_uri"] + "/servicesNS/nobody/etd_triage/storage/passwords/%3Akey%3A?output_mode=json"
    headers = {"Authorization": "Splunk " + alert["session_key"]}
    local = LOCAL if url.startswith("https://") else None
    return call(url, headers, context=local)["entry"][0]["content"]["clear_password"]


def rows(path):
    """The rows of Log Export in the results, each in its envelope."""
    csv.field_size_limit(100_000_000)
    with gzip.open(path, "rt", encoding="utf-8", newline="") as results:
        for result in csv.DictReader(results):
            try:
                row = json.loads(result["_raw"])
            except ValueError:
                continue
            if isinstance(row, dict):
                yield row if "logType" in row else {"logType": "message", "message": row}


def bodies(found, tenant):
    """What to post. Rows of one message stay together: only its first row has its mailboxes, and the service joins them."""
    messages = {}
    for row in found:
        message = row.get("message")
        if isinstance(message, dict) and message.get("id"):
            messages.setdefault(message["id"], []).append(dict(row, tenantId=tenant))
    body = []
    for group in messages.values():
        if not any(row["message"].get("mailboxes") for row in group):
            continue  # the service would refuse the whole body
        if body and len(body) + len(group) > ROWS_IN_A_BODY:
            yield body
            body = []
        body += group
    if body:
        yield body


def post(url, key, body):
    """Posts a body, and again while the service is busy. The same failure twice is one finding."""
    headers = {"Content-Type": "application/json", "x-functions-key": key}
    left = TRIES
    while True:
        left -= 1
        try:
            return len(call(url + "/api/failures", headers, json.dumps(body).encode())["accepted"])
        except urllib.error.HTTPError as error:
            if error.code not in (429, 500, 502, 503, 504) or not left:
                raise
            time.sleep(min(30, int(error.headers.get("Retry-After") or 5)))


def main():
    alert = json.load(sys.stdin)
    given = alert["configuration"]
    key = function_key(alert)
    found = rows(alert["results_file"])
    accepted = sum(post(given["url"].rstrip("/"), key, body) for body in bodies(found, given["tenant"]))
    sys.stderr.write(f"INFO {accepted} failures were accepted\n")


if __name__ == "__main__" and "--execute" in sys.argv:
    try:
        main()
    except urllib.error.HTTPError as problem:
        sys.exit(f"ERROR HTTP {problem.code}: {problem.reason}")
    except (OSError, ValueError, KeyError, IndexError) as problem:
        sys.exit(f"ERROR {type(problem).__name__}")
