"""Stand-ins for the receivers of notifications: Teams, Slack, PagerDuty, a webhook's receiver, and the mail service.

Not deployed. They are a second, independent implementation of how these behave. `channels` has what each of them takes and refuses,
`preview` how it would look, `server` serves them on loopback with a page of what has arrived.
"""
