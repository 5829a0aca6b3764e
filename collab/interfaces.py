"""The seams of the house: what the parts know of each other.

`room`, `storage`, `backplane`, `auth`, `content` and the document workers import this
module and what lies below it, never one another; `collab.app` joins them. Every interface
has a contract suite in `tests/contracts` that each implementation passes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from collab.access import Access, Credentials, Grant, Identity, Link, Role, Visibility
from collab.protocol.close import CloseCode
from collab.protocol.update import Ranges, UpdateFacts


class Clock(Protocol):
    """Time, passed in so that tests own it."""

    def time(self) -> float:
        """Seconds since the epoch, for records."""

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back, for durations."""

    async def sleep(self, seconds: float) -> None: ...


# --- Storage ---------------------------------------------------------------------------


class Kind(StrEnum):
    """What a document holds by default: the XML fragment `default`, or the text `content`."""

    NOTE = "note"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """A row of the catalog. Times are seconds since the epoch."""

    id: str
    title: str
    kind: Kind
    owner: str
    sequence: int
    created: float
    updated: float


@dataclass(frozen=True, slots=True)
class LogRow:
    """One committed row of a document's log; `data` is a Yjs update (v1)."""

    sequence: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The rows up to some moment as one update; `sequence` is the highest row merged in.
    `state_vector` and `delete_set` (both in Yjs encoding) say what `data` holds, so that a room
    need not parse it. `gapless` is as in `Compacted`, and not stored."""

    sequence: int
    data: bytes
    state_vector: bytes
    delete_set: bytes
    gapless: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """All that is stored of a document, read in one transaction; `updates` by sequence."""

    info: DocumentInfo
    snapshot: Snapshot | None
    updates: tuple[LogRow, ...]


@dataclass(frozen=True, slots=True)
class NewRow:
    """A row to append: an update, who sent it, and the client ids whose structs it holds."""

    data: bytes
    author: str
    clients: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Append:
    """The rows that one document gets in a group commit."""

    document: str
    rows: tuple[NewRow, ...]


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to do a piece of work alone. `fence` is higher than that of any lease of this
    name before it, so that a holder that slept through its end is known by its lower one."""

    name: str
    fence: int


class DocumentStore(Protocol):
    """The log. The only place an edit is safe."""

    async def load(self, document: str) -> StoredDocument:
        """Everything needed to serve the document.

        Raises DocumentNotFound, DocumentDeleted, or StorageError.
        """

    async def append(self, batch: Sequence[Append]) -> list[int | None]:
        """Commit all rows of all documents in one transaction.

        Returns, in the order of `batch`, the sequence of each document's last new row: a
        document's rows get consecutive sequences, without a hole in any document's log.
        None for a document that does not exist or is deleted: none of its rows were written,
        the others' were. Raises StorageError if the transaction may not have committed.
        A batch names each document at most once. Moves the document's `updated` time.
        """

    async def read(self, document: str, after: int) -> list[LogRow] | None:
        """The rows with a sequence over `after`, in order; None if compaction took some of
        them, so that the caller must `load`. Raises as `load`."""

    async def sequences(self, documents: Sequence[str]) -> Mapping[str, int]:
        """The newest sequence of each document that lives; others are left out.

        Raises StorageError.
        """

    async def compact(
        self,
        document: str,
        base: int | None,
        rows: Sequence[int],
        snapshot: Snapshot,
        lease: Lease | None = None,
    ) -> None:
        """Put `snapshot` in the place of the snapshot with sequence `base` (None: there was
        none) and of exactly the rows with the sequences `rows`, in one transaction.

        Raises CompactionConflict, with nothing changed, if any of them is not there any more.
        A lease that is given has to hold, in that same transaction, and is over with it; if it
        does not, raises LeaseLost, with nothing changed.
        """


class Leases(Protocol):
    """Rights to work alone, across nodes, by the database's clock. Every call raises
    StorageError, and ValueError for a time that no lease may last."""

    async def take(self, name: str, holder: str, seconds: float) -> Lease | None:
        """None while somebody else holds it; who holds it already gets a new one, and the one
        before is over."""

    async def renew(self, lease: Lease, seconds: float) -> None:
        """Hold it for so long from now. Raises LeaseLost, also if nobody has taken it since."""

    async def release(self, lease: Lease) -> None:
        """Let others have it now; nothing happens if they have."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the catalog, newest edit first, and the cursor of the next one."""

    documents: tuple[DocumentInfo, ...]
    next_cursor: str | None


class Catalog(Protocol):
    """What is known of documents beside their content."""

    async def create(
        self, document: str, title: str, kind: Kind, owner: str, seed: bytes | None = None
    ) -> DocumentInfo:
        """Create it, with `seed` as the first row of its log, in one transaction.

        Raises DocumentExists, DocumentDeleted (the id was used before), or StorageError.
        """

    async def find(self, document: str) -> DocumentInfo:
        """Raises DocumentNotFound, DocumentDeleted, or StorageError."""

    async def page(
        self, query: str, cursor: str | None, limit: int, visible: Visibility | None = None
    ) -> Page:
        """Live documents whose title holds `query` (any case), newest edit first; of those
        only what is `visible`, if that is given.

        Raises ValueError for a cursor that no page gave.
        """

    async def rename(self, document: str, title: str) -> DocumentInfo:
        """Set the title; neither the sequence nor the `updated` time move. Raises as `find`."""

    async def delete(self, document: str) -> None:
        """Mark as deleted for good; its log takes no more rows. Raises as `find`."""


# --- Identity and access ---------------------------------------------------------------

# `collab.access` has the types: who someone is, and what that lets them do.


class Authorizer(Protocol):
    """Decides for WebSocket and REST alike, in two steps: an identity is made out once and
    never changes while a connection lives; what it may do is looked up as often as asked."""

    async def identify(self, credentials: Credentials) -> Identity:
        """Raises Unauthenticated, or AccessDenied for a page of a foreign site."""

    async def access(self, identity: Identity, document: str | None) -> Access:
        """What `identity` may do now with a document, or, without one, with the service.

        Raises Unauthenticated once the identity is over, AccessDenied if there is no right.
        """


class Grants(Protocol):
    """Roles that users were given in documents. Every call raises StorageError."""

    async def roles(self, document: str, user: str) -> Role | None:
        """The user's own role: OWNER for the owner in the catalog, else their grant's.

        A document that was deleted leaves roles as they are: whoever had one may be told so.
        """

    async def page(self, document: str) -> tuple[Grant, ...]:
        """All grants of a document, by user. Raises DocumentNotFound, DocumentDeleted."""

    async def put(self, document: str, user: str, role: Role, by: str) -> Grant:
        """Give, or change. Raises DocumentNotFound, DocumentDeleted, TooManyEntries."""

    async def remove(self, document: str, user: str) -> None:
        """Raises EntryNotFound, DocumentNotFound, DocumentDeleted."""


class Links(Protocol):
    """Share links: whoever holds the secret has the role. Only its hash is stored."""

    async def find(self, secret_hash: bytes) -> Link | None:
        """The link with this hash, revoked and expired ones included."""

    async def page(self, document: str) -> tuple[Link, ...]:
        """All links of a document, newest first; of those that are over, the last ones.
        Raises DocumentNotFound, DocumentDeleted."""

    async def add(self, link: Link, secret_hash: bytes) -> None:
        """Raises DocumentNotFound, DocumentDeleted, TooManyEntries, and ValueError for a link
        that makes owners."""

    async def revoke(self, document: str, link: str) -> None:
        """For good. Raises EntryNotFound, DocumentNotFound, DocumentDeleted."""


# --- Sockets ---------------------------------------------------------------------------

Write = Callable[[bytes], None]


class Channel(Protocol):
    """The smallest socket that a session needs."""

    @property
    def buffered(self) -> int:
        """Bytes taken by `send` and not yet taken by the network."""

    @property
    def taken(self) -> int:
        """Bytes that the network took so far. Only that it grows while the peer reads is
        asked: channels of one connection may all give the connection's."""

    def send(self, frame: bytes) -> None:
        """Take one binary frame, in order, without waiting. Nothing happens once closed."""

    def close(self, code: CloseCode, reason: str) -> None:
        """Send what was taken, then close. The first call decides the code."""

    def on_drain(self, callback: Callable[[], None]) -> None:
        """Call `callback` whenever `buffered` falls back under the channel's low-water mark."""

    def on_flow(self, callback: Callable[[Write | None], None]) -> None:
        """Call `callback` with what takes frames in the place of `send`, asked nothing, while
        less is buffered than the low-water mark; with None once that or the channel is over. It
        takes whole WebSocket frames (`collab.protocol.framing`). Some channels never call."""


# --- Document workers ------------------------------------------------------------------


class Format(StrEnum):
    MARKDOWN = "markdown"
    HTML = "html"
    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Compacted:
    """One update that equals those given, garbage collected, proven to reload equal. `gapless`:
    it has no structs but those that `state_vector` names; False if nobody looked."""

    data: bytes
    state_vector: bytes
    delete_set: bytes
    gapless: bool = False


class DocumentWorker(Protocol):
    """What needs a CRDT document, or much CPU: done in a disposable child process.

    Every call raises WorkerDied if the worker crashed or overran its limits, WorkerError or
    DocumentUnreadable if it refused, and Unavailable if too many requests wait already; other
    requests are not touched.
    """

    async def inspect(self, update: bytes, *, stored: bool = False) -> UpdateFacts:
        """Validate an update too large for the event loop; a row of the log, `stored`, is only
        read: it may be merged from many peers' updates. Raises ProtocolError."""

    async def trim(self, update: bytes, known: Mapping[int, Ranges]) -> bytes:
        """A valid update without the structs that `known` covers, with all its deletes."""

    async def compact(self, updates: Sequence[bytes]) -> Compacted:
        """Merge, garbage collect and check. Out-of-order structs are kept."""

    async def missing(self, updates: Sequence[bytes], state_vector: bytes) -> bytes:
        """What a replica with `state_vector` lacks of `updates`, as one update."""

    async def render(
        self, update: bytes, root: str, kind: Kind, form: Format, title: str = ""
    ) -> str:
        """The named root as text in the given format; `title` names an HTML page.

        The root's own content decides whether it is read as XML or as text; `kind` decides
        for a root that is empty. Raises DocumentUnreadable for a root that is neither.
        """

    async def aclose(self) -> None:
        """End all workers. Requests under way fail with WorkerDied."""
