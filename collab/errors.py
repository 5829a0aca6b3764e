"""Every error that Collab raises on purpose.

    CollabError
    ├── ConfigError              a setting is wrong; the message says what to change
    ├── ProtocolError            bytes from a peer that break a rule of SPEC.md
    │   └── LimitExceeded        well-formed, but over a documented limit
    ├── InvalidDocumentId        not a spelling that names a document
    ├── AccessDenied             the identity may not do this
    │   └── Unauthenticated      there is no valid identity
    ├── TooFrequent              more requests than this user or address may make
    ├── DocumentNotFound         no document has this id
    │   └── DocumentDeleted      it had, and the id is not given out again
    ├── DocumentExists           the id to create is taken
    ├── EntryNotFound            no such grant or link
    ├── TooManyEntries           the document has as many grants or links as it takes
    ├── DocumentUnreadable       stored bytes or a root cannot be read as asked
    ├── StorageError             the store failed; nothing is known to be saved; worth a retry
    │   ├── CompactionConflict   the rows to replace are not the rows in the log any more
    │   └── LeaseLost            another node has taken the lease since
    ├── WorkerError              a document worker refused or failed this one request
    │   └── WorkerDied           it was killed, crashed, or overran its limits
    └── Unavailable              the service cannot take this now (draining, or too much unsaved)
        ├── RoomFull             as many peers as a document takes are there
        └── TooManyConnections   as many as the server, this user or this address may have are open

What HTTP status or close code an error becomes is decided at the edges:
`collab.api.problems` and `collab.transport.closing`.
"""

from __future__ import annotations


class CollabError(Exception):
    """Base of the tree. The message is fit to be shown to the peer it concerns."""


class ConfigError(CollabError):
    """A setting is wrong; one line that says what to change."""


class ProtocolError(CollabError):
    """Bytes from a peer that break a rule of `collab/protocol/SPEC.md`."""


class LimitExceeded(ProtocolError):
    """Well-formed bytes that go over a documented limit."""


class InvalidDocumentId(CollabError):
    """A string that does not name a document."""


class AccessDenied(CollabError):
    """The identity may not do this."""


class Unauthenticated(AccessDenied):
    """There is no valid identity."""


class DocumentNotFound(CollabError):
    """No document has this id."""


class DocumentDeleted(DocumentNotFound):
    """The document was deleted; its id is not given out again."""


class TooFrequent(CollabError):
    """More requests than allowed; `retry_after` says in how many seconds one is."""

    def __init__(self, message: str, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class EntryNotFound(CollabError):
    """The document has no such grant or link."""


class TooManyEntries(CollabError):
    """The document has as many grants, or live links, as it takes."""


class DocumentExists(CollabError):
    """The id to create is taken."""


class DocumentUnreadable(CollabError):
    """Stored bytes cannot be decoded, or the root is not of the kind asked for."""


class StorageError(CollabError):
    """The store failed. Nothing may be assumed saved; the call is worth a retry."""


class CompactionConflict(StorageError):
    """The rows to replace are not the rows in the log any more; nothing was changed."""


class LeaseLost(StorageError):
    """Another has taken the lease since; nothing was changed."""


class WorkerError(CollabError):
    """A document worker refused or failed this one request."""


class WorkerDied(WorkerError):
    """The worker was killed, crashed, or overran its limits of time or memory."""


class Unavailable(CollabError):
    """The service cannot take this now: it is draining, or too much is unsaved."""


class RoomFull(Unavailable):
    """As many peers as a document takes are there."""


class TooManyConnections(Unavailable):
    """As many connections as the server, this user or this address may have are open."""
