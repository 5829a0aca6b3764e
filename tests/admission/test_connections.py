"""Seats: who gets one, and when it is free again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from collab.access import Identity
from collab.admission.connections import Admission, AdmissionLimits, Seat
from collab.admission.doors import Doors
from collab.errors import TooFrequent, TooManyConnections
from tests.admission.ticking import Ticking

ANN = Identity("ann", "Ann", verified=True)
BOB = Identity("bob", "Bob", verified=True)
GUEST = Identity("guest", "Guest")


@pytest.fixture
def clock() -> Ticking:
    return Ticking()


@pytest.fixture
def admission(clock: Ticking) -> Admission:
    limits = AdmissionLimits(
        connections=10,
        connections_per_user=2,
        connections_per_address=3,
        connect_rate=2,
        message_rate=100,
        patience=30,
        request_rate=0.5,
    )
    return Admission(limits, clock)


def test_seats_in_all_are_limited(admission: Admission) -> None:
    """[LM5] in all, also for this machine; each that is given back can be taken."""
    seats = [admission.arrive("127.0.0.1") for _ in range(10)]
    with pytest.raises(TooManyConnections, match="the server"):
        admission.arrive("127.0.0.1")
    seats[0].leave()
    seats[0].leave()
    admission.arrive("127.0.0.1")
    with pytest.raises(TooManyConnections):
        admission.arrive("198.51.100.1")
    assert admission.stats().connections == 10
    assert admission.stats().over_connections == 2


def test_seats_of_an_address_are_limited(admission: Admission) -> None:
    """[LM5] [LM3] a network of IPv6 is one address."""
    seats = [admission.arrive(f"2001:db8::{number}") for number in range(1, 4)]
    with pytest.raises(TooManyConnections, match="address"):
        admission.arrive("2001:db8::ffff")
    admission.arrive("2001:db8:0:1::1")
    seats[1].leave()
    admission.arrive("2001:db8::ffff")
    assert admission.stats().over_connections_address == 1


def test_seats_of_a_user_are_limited(admission: Admission) -> None:
    """[LM5] over all addresses; guests, who name themselves, are not counted so."""
    seats = [admission.arrive(f"198.51.100.{number}") for number in range(1, 7)]
    seats[0].identified(ANN)
    seats[1].identified(ANN)
    with pytest.raises(TooManyConnections, match="you have"):
        seats[2].identified(ANN)
    seats[2].leave()
    seats[1].identified(ANN)  # the same again
    seats[3].identified(BOB)
    for seat in seats[3:]:
        seat.identified(GUEST)
    seats[0].leave()
    seats[4].identified(ANN)
    assert admission.stats().over_connections_user == 1
    assert admission.stats().users == 2


def test_a_seat_that_was_left_takes_no_user(admission: Admission) -> None:
    """[LM5] whoever is identified too late is not counted for good."""
    for _ in range(5):
        seat = admission.arrive("127.0.0.1")
        seat.leave()
        seat.identified(ANN)
    for _ in range(2):
        admission.arrive("127.0.0.1").identified(ANN)


def test_new_connections_of_an_address_have_a_rate(admission: Admission, clock: Ticking) -> None:
    """[LM5] twenty at once at two a second, then one each half second."""
    for _ in range(20):
        admission.arrive("198.51.100.1").leave()
    with pytest.raises(TooFrequent) as caught:
        admission.arrive("198.51.100.1")
    assert caught.value.retry_after == pytest.approx(0.5)
    admission.arrive("198.51.100.2").leave()
    clock.now += 0.6
    admission.arrive("198.51.100.1")
    assert admission.stats().over_connect_rate == 1


def test_requests_have_a_rate(admission: Admission) -> None:
    """[LM9] of an address, and of a user wherever they come from."""
    for _ in range(5):
        admission.request("198.51.100.1")
        admission.request_of(ANN)
    with pytest.raises(TooFrequent) as caught:
        admission.request("198.51.100.1")
    assert caught.value.retry_after == pytest.approx(2)
    with pytest.raises(TooFrequent):
        admission.request_of(ANN)
    for _ in range(50):
        admission.request("127.0.0.1")
        admission.request_of(GUEST)
    admission.request("198.51.100.2")
    admission.request_of(BOB)
    assert admission.stats().over_request_rate == 2


def send(seat: Seat, clock: Ticking, frames: int, pause: Callable[[], float]) -> float:
    """Seconds that the peer was held back, while it sends a frame after each pause."""
    held = 0.0
    for _ in range(frames):
        clock.now += pause()
        if not seat.allowance.covers(10):
            seconds = seat.wait()
            clock.now += seconds
            held += seconds
    return held


def test_a_burst_is_not_held_back_and_a_flood_is(admission: Admission, clock: Ticking) -> None:
    """[LM6] an honest client that flushes what it has is slowed, not closed."""
    seat = admission.arrive("127.0.0.1")
    assert send(seat, clock, 900, lambda: 0.0) == 0
    assert 5 < send(seat, clock, 1000, lambda: 0.0) < 12
    assert admission.stats().held_back > 0
    clock.now += 60
    assert send(seat, clock, 900, lambda: 0.0) == 0


def test_a_flood_without_end_is_closed(admission: Admission, clock: Ticking) -> None:
    """[LM7] held back for thirty seconds on end."""
    seat = admission.arrive("127.0.0.1")
    began = clock.now
    with pytest.raises(TooFrequent, match="faster"):
        send(seat, clock, 100_000, lambda: 0.0)
    assert 30 <= clock.now - began <= 32
    assert admission.stats().closed_too_fast == 1


def test_who_is_just_below_the_rate_is_never_closed(admission: Admission, clock: Ticking) -> None:
    """[LM7] not even right after a flood."""
    seat = admission.arrive("127.0.0.1")
    send(seat, clock, 1500, lambda: 0.0)
    send(seat, clock, 20_000, lambda: 1 / 98)
    assert admission.stats().closed_too_fast == 0


def test_who_waits_for_others_is_not_closed(clock: Ticking) -> None:
    """[LM7] a neighbour's flood holds an address back; who sends little is not the one."""
    limits = AdmissionLimits(message_rate=1e6, message_rate_address=100, patience=30)
    admission = Admission(limits, clock)
    flood, quiet = admission.arrive("198.51.100.1"), admission.arrive("198.51.100.1")
    for _ in range(1000):
        assert send(quiet, clock, 64, lambda: 5.0) < 64 * 5
        with pytest.raises(TooFrequent):
            send(flood, clock, 1_000_000, lambda: 0.0)
        if clock.now > 1000:
            break


def test_doors_count_whoever_comes() -> None:
    """[LM14] in all, and by address; also those who are refused leave."""
    doors = Doors(10, 3)
    peers = [("198.51.100.1", port) for port in range(5)]
    assert [doors.enter(peer) for peer in peers] == [True] * 3 + [False] * 2
    local = [("127.0.0.1", port) for port in range(6)]
    assert [doors.enter(peer) for peer in local] == [True] * 5 + [False]
    assert not doors.enter(None)
    assert (doors.open, doors.refused) == (12, 4)
    for peer in (*peers, *local, None):
        doors.leave(peer)
    assert doors.open == 0
    assert doors.enter(peers[0])
