"""How fast one may go: buckets that fill with time and are emptied by use."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

BURST_SECONDS: Final = 10.0
"""A bucket holds as much as its rate gives in this time."""
BLOCK: Final = 64
"""Messages that are paid for at once, at most: the buckets are looked at once a block."""
BYTE_BLOCK: Final = 64 * 1024


class TokenBucket:
    """`rate` a second, and after a rest ten seconds' worth at once.

    What is taken may go below zero, by one payment of each who takes: who takes then waits
    until the bucket is even. So a large payment needs no large bucket, and those who share a
    bucket are served in their order.
    """

    __slots__ = ("_at", "_level", "burst", "rate")

    def __init__(self, rate: float, now: float) -> None:
        self.rate = rate
        burst = rate * BURST_SECONDS
        # One is always to be had, however low the rate.
        self._level = self.burst = burst if burst > 1.0 else 1.0
        self._at = now

    def take(self, amount: float, now: float) -> float:
        """Take it now; returns the seconds to wait until it is paid, mostly 0."""
        self._fill(now)
        self._level -= amount
        return -self._level / self.rate if self._level < 0 else 0.0

    def try_take(self, now: float) -> float:
        """Take one if it is there; else nothing, and the seconds until it will be."""
        self._fill(now)
        if self._level >= 1:
            self._level -= 1
            return 0.0
        return (1 - self._level) / self.rate

    def full(self, now: float) -> bool:
        """Whether it is as good as a new one."""
        self._fill(now)
        return self._level >= self.burst

    def _fill(self, now: float) -> None:
        if now > self._at:
            level = self._level + (now - self._at) * self.rate
            self._level = level if level < self.burst else self.burst
            self._at = now


class Allowance:
    """What one connection may send: its own buckets, and those that it shares.

    Messages and bytes are paid for in blocks, so that most frames cost two subtractions; what
    is left of a block when a connection ends is lost.
    """

    __slots__ = ("_block", "_byte_block", "_bytes", "_messages", "_own", "_own_bytes", "_shared")

    def __init__(self, message_rate: float, byte_rate: float, now: float) -> None:
        self._own = TokenBucket(message_rate, now)
        self._own_bytes = TokenBucket(byte_rate, now)
        self._shared: tuple[TokenBucket, ...] = ()
        self._messages = 0
        self._bytes = 0
        self._block = _block_of(self._own.burst, BLOCK)
        self._byte_block = _block_of(self._own_bytes.burst, BYTE_BLOCK)

    def share(self, bucket: TokenBucket) -> None:
        """Pay for messages here too from now on."""
        self._shared = (*self._shared, bucket)
        self._block = min(self._block, _block_of(bucket.burst, BLOCK))
        self._messages = 0

    def covers(self, size: int) -> bool:
        """Spend one message of `size` bytes; whether what was bought before covers it."""
        self._messages -= 1
        self._bytes -= size
        return self._messages >= 0 and self._bytes >= 0

    def buy(self, now: float) -> float:
        """Pay for what was spent and for a little ahead; the seconds to wait for it."""
        wait = 0.0
        if self._messages < 0:
            amount = self._block - self._messages - 1
            self._messages += amount
            for bucket in (self._own, *self._shared):
                wait = max(wait, bucket.take(amount, now))
        if self._bytes < 0:
            amount = self._byte_block - self._bytes
            self._bytes += amount
            wait = max(wait, self._own_bytes.take(amount, now))
        return wait


@lru_cache(64)
def _block_of(burst: float, most: int) -> int:
    return max(1, min(most, int(burst // 16)))
