"""Presence as other nodes tell it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from collab.news import Present
from collab.protocol.awareness import AwarenessEntry
from collab.room.present import Shown, States

DOUBT_SECONDS: Final = 5.0
"""So long is shown what may be over, while its node is asked."""


class Elsewhere:
    """Claims of other nodes to client ids, for their sessions.

    A client id belongs to one node, whose clocks all the others pass on as they are. A node
    that hears a claim under a clock that its peers were told already says so, with None and
    that clock, and shows nothing of it: the claimant then tells its state again above it. None
    from a node that does not hold the id means only that.

    Two nodes may come to hold an id at once. Each compares the two claims by what both know,
    with the same outcome: of one verified user's the higher clock counts, and of equal ones the
    higher name of the node; else the lower name, which no peer can choose. The winner says it
    again, the loser lets go of it, and its session waits for the id if it is another user's.
    """

    def __init__(self, states: States) -> None:
        self._states = states
        self._peers: list[AwarenessEntry] = []
        self._nodes: list[AwarenessEntry] = []

    @property
    def count(self) -> int:
        """States of other nodes that are shown."""
        return sum(map(len, self._states.elsewhere.values()))

    def changed(self, node: str, states: Iterable[Present]) -> None:
        """The node says what is new of its own."""
        for present in states:
            if present.entry.state is None:
                self._ended(node, present.entry)
            else:
                self._claimed(node, present, present.entry.state)
        self._tell()

    def replaced(self, node: str, states: Iterable[Present]) -> None:
        """The node says all that it has."""
        states = tuple(states)
        named = {present.entry.client for present in states}
        for client in sorted(self._states.elsewhere.get(node, set()) - named):
            self._end(client)
        self.changed(node, states)

    def gone(self, node: str) -> None:
        self.replaced(node, ())
        self._states.elsewhere.pop(node, None)

    def doubt(self, node: str) -> None:
        """Something that this node said, or without a name any node, may have been missed."""
        nodes = [node] if node else tuple(self._states.elsewhere)
        now = self._states.clock.monotonic()
        for name in nodes:
            for client in self._states.elsewhere.get(name, ()):
                shown = self._states.shown[client]
                if shown.doubted is None:
                    shown.doubted = now

    def sweep(self) -> bool:
        """End what was doubted for long and not told again; whether any is in doubt still."""
        until = self._states.clock.monotonic() - DOUBT_SECONDS
        doubted = [(c, s.doubted) for c, s in self._states.shown.items() if s.doubted is not None]
        for client, since in doubted:
            if since <= until:
                self._end(client)
        self._tell()
        return any(since > until for _, since in doubted)

    # --- Claims ------------------------------------------------------------------------

    def _claimed(self, node: str, present: Present, state: str) -> None:
        states, entry = self._states, present.entry
        client, shown = entry.client, states.shown.get(entry.client)
        if shown is None:
            self._appeared(node, present, state)
        elif shown.holder is None and shown.node == node:
            if entry.clock >= shown.seen:
                shown.doubted = None
            if entry.clock > shown.seen:
                self._take(client, shown, present, state)
        elif entry.clock > shown.over.get(node, -1) and self._wins(node, present, shown):
            loser = shown.holder
            if loser is not None and loser.user is not None and loser.user == present.user:
                loser = None  # it goes on elsewhere
            mine = AwarenessEntry(client, shown.seen, shown.state)
            if shown.holder is not None:
                # Who believes what was claimed here has to hear that it is over.
                self._nodes.append(AwarenessEntry(client, shown.emitted, None))
            states.hand_over(client, None, node, present.user)
            if loser is not None:
                states.wait(loser, mine)
            self._take(client, shown, present, state)
        elif shown.holder is not None:
            if entry.clock >= shown.emitted:
                self._peers.append(states.raised(client, entry.clock))
            self._nodes.append(states.entry(client))

    def _appeared(self, node: str, present: Present, state: str) -> None:
        states, entry = self._states, present.entry
        if entry.clock <= (told := states.last(entry.client)):
            self._nodes.append(AwarenessEntry(entry.client, told, None))
        elif self.count < states.limits.awareness_elsewhere:
            clock = entry.clock
            states.add(entry.client, Shown(None, node, present.user, clock, clock, state))
            self._peers.append(entry)

    def _take(self, client: int, shown: Shown, present: Present, state: str) -> None:
        """What the holder says under a clock that was told already comes again above it."""
        clock = shown.seen = present.entry.clock
        shown.user = present.user
        if clock <= shown.emitted:
            self._nodes.append(AwarenessEntry(client, shown.emitted, None))
        elif self._states.renewed(client, clock, state):
            self._states.gather(client)
        else:
            self._peers.append(self._states.entry(client))

    def _wins(self, node: str, present: Present, shown: Shown) -> bool:
        if present.user is not None and present.user == shown.user:
            return (present.entry.clock, node) > (shown.emitted, shown.node)
        return node < shown.node

    # --- Ends --------------------------------------------------------------------------

    def _ended(self, node: str, entry: AwarenessEntry) -> None:
        states, client = self._states, entry.client
        shown = states.shown.get(client)
        if shown is None:
            states.remember(client, entry.clock)
        elif shown.holder is None and shown.node == node:
            if entry.clock >= shown.seen:
                self._end(client, entry.clock)
        else:
            shown.over[node] = max(entry.clock, shown.over.get(node, -1))
            if shown.holder is not None and entry.clock >= shown.emitted:
                told = states.raised(client, entry.clock)
                self._peers.append(told)
                self._nodes.append(told)

    def _end(self, client: int, clock: int | None = None) -> None:
        before = self._states.shown[client]
        entry, here = self._states.end(client, clock)
        self._peers.append(entry)
        if here:
            self._nodes.append(entry)
            self._states.shown[client].over[before.node] = (
                before.emitted if clock is None else clock
            )

    def _tell(self) -> None:
        peers, self._peers = self._peers, []
        nodes, self._nodes = self._nodes, []
        self._states.tell(peers, nodes)
