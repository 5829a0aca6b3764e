"""What is remembered of those who are counted: addresses, or users."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from collab.admission.rates import TokenBucket

MAX_ACCOUNTS: Final = 20_000
"""Accounts of one kind. One takes about 700 bytes, so all of them 14 MB."""
_SWEEP: Final = 8
"""Accounts that are looked at, the least used first, whenever one is made."""


class Account:
    """One address or user: its connections, and what it may do a second.

    `message_rate`, `connect_rate` and `request_rate` are a second; see `TokenBucket`.
    """

    __slots__ = ("connects", "messages", "open", "requests")

    def __init__(
        self, message_rate: float, connect_rate: float, request_rate: float, now: float
    ) -> None:
        self.open = 0
        self.messages = TokenBucket(message_rate, now)
        self.connects = TokenBucket(connect_rate, now)
        self.requests = TokenBucket(request_rate, now)

    def blank(self, now: float) -> bool:
        """Whether a new one would be the same."""
        return self.open == 0 and all(
            bucket.full(now) for bucket in (self.messages, self.connects, self.requests)
        )


class Accounts:
    """The accounts of one kind by key, least used first.

    Only blank ones are forgotten, so that nobody gets a fresh one by making others; after ten
    seconds of rest and without connections every account is blank. Should so many be in use
    that there is no room, those who come new share one account.
    """

    def __init__(
        self,
        message_rate: float,
        connect_rate: float,
        request_rate: float,
        now: float,
        most: int = MAX_ACCOUNTS,
    ) -> None:
        self._rates = (message_rate, connect_rate, request_rate)
        self._most = most
        self._accounts: OrderedDict[str, Account] = OrderedDict()
        self._common = Account(*self._rates, now)

    def __len__(self) -> int:
        return len(self._accounts)

    def of(self, key: str, now: float) -> Account:
        account = self._accounts.get(key)
        if account is not None:
            self._accounts.move_to_end(key)
            return account
        self._sweep(now)
        if len(self._accounts) >= self._most:
            return self._common
        account = self._accounts[key] = Account(*self._rates, now)
        return account

    def _sweep(self, now: float) -> None:
        for _ in range(min(_SWEEP, len(self._accounts))):
            key, account = next(iter(self._accounts.items()))
            if account.blank(now):
                del self._accounts[key]
            else:
                self._accounts.move_to_end(key)
