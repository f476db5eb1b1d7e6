"""The error codes with which Graph says that there is none. A 404 with any other code says nothing.

Graph also answers 404 for faults of its own (`UnknownError`) and for paths that it doesn't know, and a proxy has no
code at all. Codes are compared in lower case.
"""

from __future__ import annotations

DIRECTORY = frozenset({"request_resourcenotfound", "resourcenotfound"})
"""No such object in the directory. ResourceNotFound is also Exchange's: the mailbox could not be discovered."""

MAILBOX = DIRECTORY | {
    "errorinvaliduser",
    "errornonexistentmailbox",
    "mailboxnotenabledforrestapi",
    "mailboxnothostedinexchangeonline",
    "mailboxnotsupportedforrestapi",
}
"""No mailbox that answers. Exchange's data centers say the same thing with different codes."""

FOLDER = MAILBOX | {"errorfoldernotfound", "errorinvalidmailboxitemid", "erroritemnotfound"}
"""No such folder in the mailbox, or no mailbox. A list of what is in a mailbox has no reason to answer this."""
