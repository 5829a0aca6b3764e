"""Pauses between tries."""

from __future__ import annotations

import random


class Backoff:
    """Pauses that double, each shortened by up to half at random, so that nodes spread out."""

    def __init__(self, first: float, most: float, random: random.Random) -> None:
        self._first = first
        self._most = most
        self._random = random

    def pause(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row."""
        pause = min(self._most, self._first * 2.0 ** min(failures - 1, 32))
        return pause * (0.5 + 0.5 * self._random.random())
