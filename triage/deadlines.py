"""Every time limit of the service, in seconds, and how each one fits under the next.

    FUNCTION 120             the host ends a function (functionTimeout in host.json), and all others with it
        RETENTION 80         a run of the retention timer; the rest is for the transaction under way
        MAINTENANCE 40       a run of the timer of each minute, which ends before the next one begins
        POLL 70              a run that polls a feed; the rest is for the request under way
        ETD_CALL 40          a question to ETD with its token, the waits and the repetitions
            ETD_REQUEST 15       one HTTP request to ETD, or the wait for more of a file
        COVERAGE 50          a slice of a coverage scan; what is under way then is cut off, and comes again
            COVERAGE_LEASE 10    after it, somebody else may go on with a scan whose worker was killed
        NOTIFY 45            a run that delivers notifications; the rest is for the request under way and its rows
        PROMISED_TRIAGE 60   docs/api.md promises that a triage ends within this time
            TRIAGE 55            one queue message: reading it, Graph, and saving the finding
                OWNER 10             whose failure it is
                EVIDENCE 40          everything else that Graph is asked
                    GRAPH_READ 20        one read with all requests that a failing batch leads to
                        GRAPH_REQUEST 12     one HTTP request to Graph
                        GRAPH_LATE 1         a batch of several mailboxes, before they are asked apart
                    GRAPH_WAIT 11        the waits for Retry-After of one read
        PROMISED_REQUEST 30  docs/api.md promises an answer within this time
            REQUEST 25           the handler of an HTTP request
                AUDIT 20             what Graph is asked for the audit of one tenant
                EXPORT 18            reading the pages of an export
                HEALTH_GRAPH 15      what Graph is asked for the health of one tenant
                HEALTH_STORAGE 8     reaching storage for the health
                TENANT_NAME 5        what Graph says a tenant is called, for the list of tenants and for notifications
                NOTIFICATION 10      one request to a channel for notifications
                STORAGE_READ 10      one answer of the storage account, which is asked at most three times
                STORAGE_CONNECT 5    one connection to the storage account

The command line waits longer than the service takes to answer: CLIENT_REQUEST 40, CLIENT_CONNECT 10. It repeats a
request for CLIENT_RETRIES 60 if the service asks for that.
"""

from __future__ import annotations

FUNCTION = 120.0
RETENTION = 80.0
MAINTENANCE = 40.0
COVERAGE = 50.0
COVERAGE_LEASE = 10.0

NOTIFY = 45.0

POLL = 70.0
ETD_CALL = 40.0
ETD_REQUEST = 15.0

PROMISED_TRIAGE = 60.0
TRIAGE = 55.0
OWNER = 10.0
EVIDENCE = 40.0
GRAPH_READ = 20.0
GRAPH_REQUEST = 12.0
GRAPH_LATE = 1.0
GRAPH_WAIT = 11.0

PROMISED_REQUEST = 30.0
REQUEST = 25.0
AUDIT = 20.0
EXPORT = 18.0
HEALTH_GRAPH = 15.0
HEALTH_STORAGE = 8.0
TENANT_NAME = 5.0
NOTIFICATION = 10.0
STORAGE_READ = 10.0
STORAGE_CONNECT = 5.0

CLIENT_REQUEST = 40.0
CLIENT_CONNECT = 10.0
CLIENT_RETRIES = 60.0
