"""Notifications: what is said to which channel and when, in the channel's own form, and the request that says it.

`rules` decides, and `notice` says what; both are pure. Each kind of channel has a module that renders a notice, and
`sender` makes the request. Rows that wait are in storage/outbox.py.
"""
