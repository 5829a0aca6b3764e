"""Who is in a room and where their carets are: states by client id, never stored."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from collab.interfaces import Clock
from collab.protocol.awareness import AwarenessEntry
from collab.room.announcing import Announcer, Later, Publish
from collab.room.limits import RoomLimits

Stamp = Callable[[str], str]
"""Puts what the server knows of the identity into a state."""


@dataclass(slots=True, eq=False)
class Claimant:
    """A session as presence knows it."""

    stamp: Stamp
    user: str | None = None
    """Who it is, if that is verified: then it may go on under an id of another session of its
    own, which is half-open."""
    clients: set[int] = field(default_factory=set)
    waiting: AwarenessEntry | None = None
    """Its claim on an id that another session holds: a peer that reconnects before its old
    socket is known to be dead gets its id as soon as that is over."""
    window: float = float("-inf")
    changes: int = 0


@dataclass(slots=True)
class _Present:
    holder: Claimant
    seen: int
    """The clock its holder sent last."""
    emitted: int
    """The clock that peers are told; it only grows, whatever the holder sends."""
    state: str


class Presence:
    """The states of one room.

    A client id belongs to the session that first used it, while that lives. Entries of others
    for it are dropped, without a close, since Yjs clients send back all that they hear; only
    news from another session of the same verified user takes the id along. A peer
    that returns uses its old clock, which others would take for old news: so the clocks that
    were told last are remembered for a while, and what is told next is above them.

    `publish` is called with what peers are to be told now.
    """

    def __init__(
        self,
        clock: Clock,
        limits: RoomLimits,
        publish: Publish,
        later: Later,
    ) -> None:
        self._clock = clock
        self._limits = limits
        self._announcer = Announcer(clock, limits.awareness_window, publish, later)
        self._later = later
        self._present: dict[int, _Present] = {}
        self._left: OrderedDict[int, tuple[int, float]] = OrderedDict()
        self._heirs: dict[int, Claimant] = {}
        self._gathered: dict[int, None] = {}
        self._everyone: tuple[AwarenessEntry, ...] | None = None

    def receive(self, claimant: Claimant, entries: Iterable[AwarenessEntry]) -> None:
        """Take what a session says of its own clients; the rest is dropped."""
        now: list[AwarenessEntry] = []
        was_gathering = bool(self._gathered)
        for entry in entries:
            if not self._may_say(claimant, entry):
                continue
            self._everyone = None
            if entry.state is None:
                if entry.clock >= self._present[entry.client].seen:
                    now.append(self._remove(entry.client))
                continue
            changed = self._put(claimant, entry.client, entry.clock, claimant.stamp(entry.state))
            if changed and self._within_rate(claimant):
                now.append(self._entry(entry.client))
                self._gathered.pop(entry.client, None)
            elif changed is not None:
                self._gathered[entry.client] = None
        self._announcer.say(now)
        if self._gathered and not was_gathering:
            self._later(self._limits.awareness_gather, self._tell_gathered)

    def leave(self, claimant: Claimant) -> None:
        """The session is over: its clients are gone, or pass to one who waits for the id."""
        now = []
        self._everyone = None
        if claimant.waiting is not None and self._heirs.get(claimant.waiting.client) is claimant:
            del self._heirs[claimant.waiting.client]
        for client in sorted(claimant.clients):
            removal = self._remove(client)
            heir = self._heirs.pop(client, None)
            if heir is None or heir.waiting is None or heir.waiting.state is None:
                now.append(removal)
                continue
            self._put(heir, client, heir.waiting.clock, heir.stamp(heir.waiting.state))
            now.append(self._entry(client))
        self._announcer.say(now)

    def everyone(self) -> tuple[AwarenessEntry, ...]:
        """All present states; the same object until something changes."""
        if self._everyone is None:
            self._everyone = tuple(map(self._entry, self._present))
        return self._everyone

    def _tell_gathered(self) -> None:
        """Tell what was gathered since the last time, each at its latest."""
        entries = [self._entry(c) for c in self._gathered if c in self._present]
        self._gathered.clear()
        self._announcer.say(entries)

    def _may_say(self, claimant: Claimant, entry: AwarenessEntry) -> bool:
        present = self._present.get(entry.client)
        if present is not None:
            if present.holder is claimant:
                return True
            if _is_echo(entry, present):
                return False
            if entry.clock > present.emitted and self._is_same_user(claimant, entry, present):
                present.holder.clients.discard(entry.client)
                present.holder = claimant
                claimant.clients.add(entry.client)
                return True
            self._wait(claimant, entry)
            return False
        if entry.state is None or len(claimant.clients) >= self._limits.awareness_clients:
            return False
        # A session with an id of its own that brings one that just left repeats what it heard
        # before: taking it would show a ghost.
        return not (claimant.clients and entry.clock <= self._last_emitted(entry.client))

    def _is_same_user(self, claimant: Claimant, entry: AwarenessEntry, present: _Present) -> bool:
        same = claimant.user is not None and claimant.user == present.holder.user
        room = len(claimant.clients) < self._limits.awareness_clients
        return same and room and entry.state is not None

    def _wait(self, claimant: Claimant, entry: AwarenessEntry) -> None:
        """Only the first id that a session names can be its own: the rest is what it heard."""
        waiting = claimant.waiting
        if not claimant.clients and (waiting is None or waiting.client == entry.client):
            claimant.waiting = entry
            self._heirs[entry.client] = claimant

    def _put(self, claimant: Claimant, client: int, clock: int, state: str) -> bool | None:
        """Set a state: True if it changed, False if it was renewed, None if it is old news."""
        present = self._present.get(client)
        if present is None:
            emitted = max(clock, self._last_emitted(client) + 1)
            self._left.pop(client, None)
            self._present[client] = _Present(claimant, clock, emitted, state)
            claimant.clients.add(client)
            claimant.waiting = None
            return True
        if clock <= present.seen:
            return None
        changed = state != present.state
        present.seen = clock
        present.emitted = max(clock, present.emitted + 1)
        present.state = state
        return changed

    def _remove(self, client: int) -> AwarenessEntry:
        present = self._present.pop(client)
        present.holder.clients.discard(client)
        self._gathered.pop(client, None)
        emitted = present.emitted + 1
        now = self._clock.monotonic()
        self._left[client] = (emitted, now)
        oldest = now - self._limits.awareness_memory_seconds
        while self._left:
            first = next(iter(self._left))
            if len(self._left) <= self._limits.awareness_memory and self._left[first][1] > oldest:
                break
            del self._left[first]
        return AwarenessEntry(client, emitted, None)

    def _last_emitted(self, client: int) -> int:
        left = self._left.get(client)
        return -1 if left is None else left[0]

    def _entry(self, client: int) -> AwarenessEntry:
        present = self._present[client]
        return AwarenessEntry(client, present.emitted, present.state)

    def _within_rate(self, claimant: Claimant) -> bool:
        now = self._clock.monotonic()
        if now - claimant.window >= 1.0:
            claimant.window = now
            claimant.changes = 0
        claimant.changes += 1
        return claimant.changes <= self._limits.awareness_rate


def _is_echo(entry: AwarenessEntry, present: _Present) -> bool:
    """Whether this is what was told of the id, as Yjs clients send it back: under no later clock,
    and the same state, though it may be spelled anew."""
    if entry.clock > present.emitted:
        return False
    return entry.state is None or json.loads(entry.state) == json.loads(present.state)
