"""What a room shows of each client, under which clock, and who is told of changes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from collab.interfaces import Clock
from collab.news import Present
from collab.protocol.awareness import AwarenessEntry
from collab.protocol.encoding import CLOCK_LIMIT
from collab.room.announcing import Announcer, Later, Publish
from collab.room.limits import RoomLimits

Stamp = Callable[[str], str]
"""Puts what the server knows of the identity into a state."""
Outward = Callable[[tuple[Present, ...]], None]
"""Tells other nodes of the states of peers here."""
HIGHEST: Final = CLOCK_LIMIT - 2**20
"""Clocks from here on are not told to other nodes, so that what is told above them still has
a clock."""


@dataclass(slots=True, eq=False)
class Claimant:
    """A session as presence knows it."""

    stamp: Stamp
    user: str | None = None
    """Who it is, if that is verified: then it may go on under an id of another session of its
    own, which is half-open."""
    clients: tuple[int, ...] = ()
    """The ids that it holds: mostly one, for which a set would take four times as much."""
    waiting: AwarenessEntry | None = None
    """Its claim on an id that another session holds: a peer that reconnects before its old
    socket is known to be dead gets its id as soon as that is over."""
    window: float = float("-inf")
    changes: int = 0


@dataclass(slots=True, eq=False)
class Shown:
    """One client's state."""

    holder: Claimant | None
    """The session that holds the id; None if its session is on another node."""
    node: str
    user: str | None
    seen: int
    """The clock its holder sent last."""
    emitted: int
    """The clock that peers are told; it only grows, whatever the holder sends."""
    state: str
    doubted: float | None = None
    """Since when news of its node may have been missed, if it was not told again since."""
    over: dict[str, int] = field(default_factory=dict)
    """Nodes that let go of the id while it was another's, and the clocks that they told last:
    what they said before may come after it."""


class States:
    """The table of one room, and the clocks of those who left it.

    What is shown of a client that is held here is told to other nodes too, under the same
    clock: a peer that moves to another node finds no older one.

    `publish` is called with what peers are to be told now, `outward` with what other nodes are,
    unless there are none: then this node's name is None.
    """

    def __init__(
        self,
        clock: Clock,
        limits: RoomLimits,
        publish: Publish,
        later: Later,
        node: str | None,
        outward: Outward,
    ) -> None:
        self.clock = clock
        self.limits = limits
        self.node = node or ""
        self.shown: dict[int, Shown] = {}
        self.elsewhere: dict[str, set[int]] = {}
        """The ids that sessions of other nodes hold, by node."""
        self.heirs: dict[int, Claimant] = {}
        """Who waits for an id."""
        self._left: OrderedDict[int, tuple[int, float]] = OrderedDict()
        self._gathered: dict[int, None] = {}
        self._gathering = False
        self._everyone: tuple[AwarenessEntry, ...] | None = None
        self._later = later
        self._peers = Announcer(clock, limits.awareness_window, publish, later)
        self._nodes: Announcer | None = None
        if node is not None:  # else it keeps nothing that leads back to it or to its room
            self._outward = outward
            self._nodes = Announcer(clock, limits.awareness_window, self._tell_nodes, later)

    # --- Reading -----------------------------------------------------------------------

    def everyone(self) -> tuple[AwarenessEntry, ...]:
        """All present states; the same object until something changes."""
        if self._everyone is None:
            self._everyone = tuple(map(self.entry, self.shown))
        return self._everyone

    def held(self) -> list[int]:
        """The ids that sessions here hold."""
        return [client for client, shown in self.shown.items() if shown.holder is not None]

    def own(self, clients: Iterable[int] | None = None) -> tuple[Present, ...]:
        """The states that sessions here hold, of these ids or of all, as other nodes are told."""
        held = self.held() if clients is None else [c for c in clients if self.holds(c)]
        return tuple(map(self._present, held))

    def holds(self, client: int) -> bool:
        """Whether a session here holds the id."""
        shown = self.shown.get(client)
        return shown is not None and shown.holder is not None

    def entry(self, client: int) -> AwarenessEntry:
        shown = self.shown[client]
        return AwarenessEntry(client, shown.emitted, shown.state)

    def last(self, client: int) -> int:
        """The highest clock that was told of a client who is not there; -1 if none is known."""
        left = self._left.get(client)
        return -1 if left is None else left[0]

    # --- Changing ----------------------------------------------------------------------

    def put(self, claimant: Claimant, client: int, clock: int, state: str) -> bool | None:
        """Set the state of an id that the session holds, or that nobody does: True if it
        changed, False if it was renewed, None if it is old news."""
        self._everyone = None
        shown = self.shown.get(client)
        if shown is None:
            emitted = max(clock, self.last(client) + 1)
            self.add(client, Shown(claimant, self.node, claimant.user, clock, emitted, state))
            self.give_up(claimant)
            return True
        if clock <= shown.seen:
            return None
        changed = state != shown.state
        shown.seen = clock
        shown.emitted = max(clock, shown.emitted + 1)
        shown.state = state
        return changed

    def add(self, client: int, shown: Shown) -> None:
        self._everyone = None
        self._left.pop(client, None)
        self.shown[client] = shown
        self._hold(client, shown)

    def hand_over(self, client: int, holder: Claimant | None, node: str, user: str | None) -> None:
        """Somebody else holds the id from now on."""
        shown = self.shown[client]
        self._let_go(client, shown)
        shown.holder, shown.node, shown.user, shown.doubted = holder, node, user, None
        self._hold(client, shown)

    def renewed(self, client: int, clock: int, state: str) -> bool:
        """Set what another node shows under an id that it holds; whether nothing changed."""
        self._everyone = None
        shown = self.shown[client]
        unchanged = state == shown.state
        shown.seen = shown.emitted = clock
        shown.state = state
        return unchanged

    def wait(self, claimant: Claimant, entry: AwarenessEntry) -> None:
        """Let a session wait for an id. Only the first id that it names can be its own: the rest
        is what it heard."""
        waiting = claimant.waiting
        if not claimant.clients and (waiting is None or waiting.client == entry.client):
            claimant.waiting = entry
            self.heirs[entry.client] = claimant

    def give_up(self, claimant: Claimant) -> None:
        """The session waits for nothing any more."""
        waiting, claimant.waiting = claimant.waiting, None
        if waiting is not None and self.heirs.get(waiting.client) is claimant:
            del self.heirs[waiting.client]

    def raised(self, client: int, clock: int) -> AwarenessEntry:
        """The same state under a clock above this one."""
        self._everyone = None
        self.shown[client].emitted = clock + 1
        return self.entry(client)

    def end(self, client: int, clock: int | None = None) -> tuple[AwarenessEntry, bool]:
        """The id's holder is over: it is gone, under this clock if that is given, or passes to
        who waits for it. What to tell, and whether it is a session's here."""
        self._everyone = None
        shown = self.shown.pop(client)
        self._let_go(client, shown)
        self._gathered.pop(client, None)
        emitted = shown.emitted + 1 if clock is None else max(clock, shown.emitted)
        self.remember(client, emitted)
        heir = self.heirs.pop(client, None)
        if heir is None or heir.waiting is None or heir.waiting.state is None:
            return AwarenessEntry(client, emitted, None), shown.holder is not None
        self.put(heir, client, heir.waiting.clock, heir.stamp(heir.waiting.state))
        return self.entry(client), True

    def remember(self, client: int, clock: int) -> None:
        """Who left, and which clock was told last: what is told next has to be above it."""
        now = self.clock.monotonic()
        self._left[client] = (max(clock, self.last(client)), now)
        self._left.move_to_end(client)
        oldest = now - self.limits.awareness_memory_seconds
        while self._left:
            first = next(iter(self._left))
            if len(self._left) <= self.limits.awareness_memory and self._left[first][1] > oldest:
                break
            del self._left[first]

    # --- Telling -----------------------------------------------------------------------

    def tell(
        self, peers: Sequence[AwarenessEntry], nodes: Sequence[AwarenessEntry] | None = None
    ) -> None:
        """Tell peers now, and other nodes: of the same, if nothing else is said."""
        if peers:
            for entry in peers:
                self._gathered.pop(entry.client, None)
            self._peers.say(peers)
        nodes = peers if nodes is None else nodes
        if nodes and self._nodes is not None:
            self._nodes.say(nodes)

    def gather(self, client: int) -> None:
        """Tell soon what did not change, or changes too often, together with the like."""
        self._gathered[client] = None
        if not self._gathering:
            self._gathering = True
            self._later(self.limits.awareness_gather, self._tell_gathered)

    def _tell_gathered(self) -> None:
        """Tell what was gathered since the last time, each at its latest."""
        self._gathering = False
        clients = [client for client in self._gathered if client in self.shown]
        here = filter(self.holds, clients)
        self.tell([*map(self.entry, clients)], [*map(self.entry, here)])

    def _tell_nodes(self, entries: tuple[AwarenessEntry, ...]) -> None:
        """What waited may be another node's by now: each speaks for its own sessions only, but
        how far a clock has been told here is true in any case."""
        states = []
        for entry in entries:
            if self.holds(entry.client):
                states.append(self._present(entry.client))
            elif entry.state is None:
                states.append(Present(_gone(entry)))
        if states:
            self._outward(tuple(states))

    def _present(self, client: int) -> Present:
        entry = self.entry(client)
        if entry.clock >= HIGHEST:
            return Present(_gone(entry))
        return Present(entry, self.shown[client].user)

    def _hold(self, client: int, shown: Shown) -> None:
        if (holder := shown.holder) is None:
            self.elsewhere.setdefault(shown.node, set()).add(client)
        elif client not in holder.clients:
            holder.clients = (*holder.clients, client)

    def _let_go(self, client: int, shown: Shown) -> None:
        if (holder := shown.holder) is None:
            self.elsewhere.setdefault(shown.node, set()).discard(client)
        else:
            holder.clients = tuple(other for other in holder.clients if other != client)


def _gone(entry: AwarenessEntry) -> AwarenessEntry:
    return AwarenessEntry(entry.client, min(entry.clock, CLOCK_LIMIT - 1), None)
