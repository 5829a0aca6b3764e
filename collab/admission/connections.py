"""Who may connect, and what a connection may send: counted in all, by user and by address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from collab.access import Identity
from collab.admission.accounts import Account, Accounts
from collab.admission.addresses import counted_as
from collab.admission.rates import Allowance
from collab.errors import TooFrequent, TooManyConnections
from collab.interfaces import Clock

KIB = 1024
MIB = 1024 * KIB

NEVER: Final = float("-inf")
RESPITE: Final = 1.0
"""A peer that sends nothing for as long, after it was held back, was not so on end: it may
have had to wait for others at its address."""


@dataclass(frozen=True, slots=True)
class AdmissionLimits:
    """Counts, and rates a second; a rate may be ten seconds' worth at once after a rest."""

    connections: int = 20_000
    connections_per_user: int = 200
    connections_per_address: int = 1000
    connect_rate: float = 50.0
    """New connections of one address."""
    message_rate: float = 2000.0
    """Messages of one connection."""
    message_rate_user: float = 4000.0
    message_rate_address: float = 5000.0
    byte_rate: float = 4.0 * MIB
    """Bytes of one connection."""
    patience: float = 30.0
    """Seconds on end for which a peer is held back before it is closed."""
    request_rate: float = 100.0
    """HTTP requests of one address, and of one user."""


@dataclass(slots=True)
class AdmissionStats:
    """What is open now, and how often each limit was reached since the start."""

    connections: int = 0
    users: int = 0
    """Users of whom something is remembered, and the same of addresses."""
    addresses: int = 0
    over_connections: int = 0
    over_connections_user: int = 0
    over_connections_address: int = 0
    over_connect_rate: int = 0
    over_request_rate: int = 0
    held_back: int = 0
    """Times that a peer had to wait before its next frame was taken."""
    closed_too_fast: int = 0


class Admission:
    """The one who counts, for all of a node. Users are counted only if an issuer vouches for
    them: whoever comes without a token makes up a new name each time."""

    def __init__(self, limits: AdmissionLimits, clock: Clock) -> None:
        self.limits = limits
        self.clock = clock
        self.counted = AdmissionStats()
        now = clock.monotonic()
        self._addresses = Accounts(
            limits.message_rate_address, limits.connect_rate, limits.request_rate, now
        )
        self._users = Accounts(
            limits.message_rate_user, limits.connect_rate, limits.request_rate, now
        )

    def stats(self) -> AdmissionStats:
        self.counted.users = len(self._users)
        self.counted.addresses = len(self._addresses)
        return self.counted

    def arrive(self, address: str) -> Seat:
        """Count a new connection. Raises TooManyConnections, TooFrequent."""
        limits, counted, now = self.limits, self.counted, self.clock.monotonic()
        key = counted_as(address)
        account = None if key is None else self._addresses.of(key, now)
        if account is not None and (wait := account.connects.try_take(now)):
            counted.over_connect_rate += 1
            raise TooFrequent("too many new connections from this address", wait)
        if account is not None and account.open >= limits.connections_per_address:
            counted.over_connections_address += 1
            raise TooManyConnections("this address has too many connections open")
        if counted.connections >= limits.connections:
            counted.over_connections += 1
            raise TooManyConnections("the server has too many connections open")
        return Seat(self, account, now)

    def request(self, address: str) -> None:
        """Count an HTTP request. Raises TooFrequent."""
        if (key := counted_as(address)) is not None:
            now = self.clock.monotonic()
            self._pay(self._addresses.of(key, now), now)

    def request_of(self, identity: Identity) -> None:
        """Count an HTTP request for its user, once that is known. Raises TooFrequent."""
        if identity.verified:
            now = self.clock.monotonic()
            self._pay(self._users.of(identity.user, now), now)

    def user(self, identity: Identity) -> Account | None:
        """The account of a user whom an issuer vouches for."""
        if not identity.verified:
            return None
        return self._users.of(identity.user, self.clock.monotonic())

    def _pay(self, account: Account, now: float) -> None:
        if wait := account.requests.try_take(now):
            self.counted.over_request_rate += 1
            raise TooFrequent("More requests than allowed; wait before the next one.", wait)


class Seat:
    """A connection that is counted, until `leave`."""

    __slots__ = ("_accounts", "_admission", "_held_since", "_held_until", "_taken", "allowance")

    def __init__(self, admission: Admission, address: Account | None, now: float) -> None:
        limits = admission.limits
        self._admission = admission
        self._taken = True
        self._held_since = self._held_until = NEVER
        self._accounts: tuple[Account, ...] = ()
        self.allowance = Allowance(limits.message_rate, limits.byte_rate, now)
        admission.counted.connections += 1
        if address is not None:
            self._enter(address)

    @property
    def clock(self) -> Clock:
        return self._admission.clock

    def identified(self, identity: Identity) -> None:
        """Count the connection for its user too; again and again for the same one is the same
        as once. Raises TooManyConnections."""
        account = self._admission.user(identity)
        if account is None or account in self._accounts or not self._taken:
            return
        if account.open >= self._admission.limits.connections_per_user:
            self._admission.counted.over_connections_user += 1
            raise TooManyConnections("you have too many connections open")
        self._enter(account)

    def leave(self) -> None:
        """Give the seat back. Once is enough, more does no harm."""
        if self._taken:
            self._taken = False
            self._admission.counted.connections -= 1
            for account in self._accounts:
                account.open -= 1

    def wait(self) -> float:
        """Seconds to hold the peer back, after `allowance.covers` said no; 0 mostly, `patience`
        at most. Raises TooFrequent if that went on for as long."""
        admission = self._admission
        now = admission.clock.monotonic()
        seconds = self.allowance.buy(now)
        if not seconds:
            return 0.0
        admission.counted.held_back += 1
        if now > self._held_until + RESPITE:
            self._held_since = now
        if now - self._held_since >= admission.limits.patience:
            admission.counted.closed_too_fast += 1
            raise TooFrequent("frames keep coming faster than allowed")
        seconds = min(seconds, admission.limits.patience)
        self._held_until = now + seconds
        return seconds

    def _enter(self, account: Account) -> None:
        account.open += 1
        self._accounts = (*self._accounts, account)
        self.allowance.share(account.messages)
