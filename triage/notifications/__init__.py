"""Notifications: what is sent to which channel and when, in the channel's format, and the request that sends it.

`rules` decides when, and `compose` makes the notice; both are pure. Each kind of channel has a module that renders a notice,
and `sender` sends it. Waiting rows are in storage/outbox.py.
"""
