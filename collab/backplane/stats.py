"""What a backplane counts, for metrics."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class BackplaneStats:
    """All but `lag`, `nodes` and `waiting_bytes` only grow."""

    published: int = 0
    """Pieces of news that this node handed in."""
    received: int = 0
    """Pieces of news of others that were told to subscribers."""
    messages_sent: int = 0
    """Messages that Redis took; each carries all news that had gathered."""
    messages_received: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0
    dropped: int = 0
    """Pieces of news that were not sent, as Redis was away for too long; the others read the
    log for them."""
    gaps: int = 0
    """Times that messages of another node did not come."""
    refused: int = 0
    """Messages that could not be read."""
    reconnects: int = 0
    """Connections that were lost and made again."""
    lag: float = 0.0
    """Seconds that the last message of our own took to come back."""
    nodes: int = 0
    """Other nodes heard of lately."""
    waiting_bytes: int = 0
    """News that has not been sent yet, about."""
