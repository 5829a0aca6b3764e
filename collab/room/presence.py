"""Who is in a room and where their carets are: states by client id, never stored."""

from __future__ import annotations

import json
from collections.abc import Iterable

from collab.protocol.awareness import AwarenessEntry
from collab.room.elsewhere import Elsewhere
from collab.room.present import Claimant, Shown, States


class Presence:
    """The states of one room, as its sessions change them; `elsewhere` are other nodes' words.

    A client id belongs to the session that first used it, while that lives, on whatever node it
    is. Entries of others for it are dropped, without a close, since Yjs clients send back all
    that they hear; only news from another session of the same verified user takes the id along.
    A peer that returns uses its old clock, which others would take for old news: so the clocks
    that were told last are remembered for a while, and what is told next is above them.
    """

    def __init__(self, states: States) -> None:
        self.states = states
        self.elsewhere = Elsewhere(states)
        self._limits = states.limits

    def receive(self, claimant: Claimant, entries: Iterable[AwarenessEntry]) -> None:
        """Take what a session says of its own clients; the rest is dropped."""
        states = self.states
        now: list[AwarenessEntry] = []
        for entry in entries:
            if not self._may_say(claimant, entry):
                continue
            if entry.state is None:
                if entry.clock >= states.shown[entry.client].seen:
                    now.append(states.end(entry.client)[0])
                continue
            changed = states.put(claimant, entry.client, entry.clock, claimant.stamp(entry.state))
            if changed and self._within_rate(claimant):
                now.append(states.entry(entry.client))
            elif changed is not None:
                states.gather(entry.client)
        states.tell(now)

    def leave(self, claimant: Claimant) -> None:
        """The session is over: its clients are gone, or pass to one who waits for the id."""
        self.states.give_up(claimant)
        if claimant.clients:
            self.states.tell([self.states.end(client)[0] for client in sorted(claimant.clients)])

    def everyone(self) -> tuple[AwarenessEntry, ...]:
        """All present states; the same object until something changes."""
        return self.states.everyone()

    def _may_say(self, claimant: Claimant, entry: AwarenessEntry) -> bool:
        shown = self.states.shown.get(entry.client)
        if shown is not None:
            if shown.holder is claimant:
                return True
            if _is_echo(entry, shown):
                return False
            if entry.clock > shown.emitted and self._is_same_user(claimant, entry, shown):
                self.states.hand_over(entry.client, claimant, self.states.node, claimant.user)
                return True
            self.states.wait(claimant, entry)
            return False
        if entry.state is None or len(claimant.clients) >= self._limits.awareness_clients:
            return False
        # A session with an id of its own that brings one that just left repeats what it heard
        # before: taking it would show a ghost.
        return not (claimant.clients and entry.clock <= self.states.last(entry.client))

    def _is_same_user(self, claimant: Claimant, entry: AwarenessEntry, shown: Shown) -> bool:
        same = claimant.user is not None and claimant.user == shown.user
        room = len(claimant.clients) < self._limits.awareness_clients
        return same and room and entry.state is not None

    def _within_rate(self, claimant: Claimant) -> bool:
        now = self.states.clock.monotonic()
        if now - claimant.window >= 1.0:
            claimant.window = now
            claimant.changes = 0
        claimant.changes += 1
        return claimant.changes <= self._limits.awareness_rate


def _is_echo(entry: AwarenessEntry, shown: Shown) -> bool:
    """Whether this is what was told of the id, as Yjs clients send it back: under no later clock,
    and the same state, though it may be spelled anew."""
    if entry.clock > shown.emitted:
        return False
    return entry.state is None or json.loads(entry.state) == json.loads(shown.state)
