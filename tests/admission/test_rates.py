"""Buckets, and what is remembered of addresses and users."""

from __future__ import annotations

import sys

import pytest

from collab.admission.accounts import Account, Accounts
from collab.admission.rates import BLOCK, Allowance, TokenBucket


def test_a_bucket_holds_ten_seconds_worth() -> None:
    """[LM4] so much at once after a rest, then one at a time."""
    bucket = TokenBucket(5, 0.0)
    assert [bucket.try_take(0.0) for _ in range(50)] == [0.0] * 50
    assert bucket.try_take(0.0) == pytest.approx(0.2)
    assert bucket.try_take(0.21) == 0.0
    assert bucket.try_take(0.21) > 0
    assert not bucket.full(10.0)
    assert bucket.full(10.3)
    assert sum(not bucket.try_take(1000.0) for _ in range(100)) == 50


def test_a_low_rate_gives_one_all_the_same() -> None:
    """[LM4] one every minute and a half is a rate too."""
    bucket = TokenBucket(0.01, 0.0)
    assert bucket.try_take(0.0) == 0.0
    assert bucket.try_take(0.0) == pytest.approx(100)
    assert bucket.try_take(100.1) == 0.0


def test_a_debt_is_waited_for() -> None:
    """[LM6] who takes more than there is waits as long as the rate takes to give it."""
    bucket = TokenBucket(10, 0.0)
    assert bucket.take(150, 0.0) == pytest.approx(5)
    assert bucket.take(10, 5.0) == pytest.approx(1)
    assert bucket.take(10, 1000.0) == 0.0


def test_a_clock_that_stands_still_gives_nothing() -> None:
    bucket = TokenBucket(1, 10.0)
    assert bucket.take(10, 10.0) == 0.0
    assert bucket.take(1, 9.0) == pytest.approx(1)


def sent(allowance: Allowance, frames: int, size: int, now: float) -> float:
    """Seconds to wait, in all, for frames that are handed in as soon as they may."""
    waited = 0.0
    for _ in range(frames):
        if not allowance.covers(size):
            waited += allowance.buy(now + waited)
    return waited


def test_messages_are_paid_for_at_every_bucket() -> None:
    """[LM6] the slowest one decides; those that are shared feel it all."""
    shared = TokenBucket(50, 0.0)
    one = Allowance(100, 1e9, 0.0)
    one.share(shared)
    assert sent(one, 500 - BLOCK, 10, 0.0) == 0
    assert sent(one, 1000, 10, 0.0) == pytest.approx(20, abs=3)
    two = Allowance(100, 1e9, 0.0)
    two.share(shared)
    assert sent(two, 1, 10, 10.0) > 1


@pytest.mark.parametrize("rate", [0.05, 1, 9, 100, 2000])
def test_the_rate_holds_whatever_it_is(rate: float) -> None:
    """[LM6] blocks do not change how fast one may go."""
    allowance = Allowance(rate, 1e12, 0.0)
    frames = int(rate * 40) + 5
    waited = sent(allowance, frames, 1, 0.0)
    assert waited == pytest.approx(frames / rate - 10, rel=0.05, abs=max(1.0, 2 / rate))


def test_bytes_are_paid_for() -> None:
    """[LM6] a large frame costs what it has."""
    allowance = Allowance(1e6, 1000, 0.0)
    assert sent(allowance, 9, 1000, 0.0) == 0
    assert sent(allowance, 20, 1000, 0.0) == pytest.approx(20, abs=1.5)


def test_a_frame_larger_than_the_bucket_can_be_paid_for() -> None:
    """[LM6] it takes its time."""
    allowance = Allowance(1e6, 1000, 0.0)
    assert sent(allowance, 1, 40_000, 0.0) == pytest.approx(30, abs=1)


def accounts(most: int) -> Accounts:
    return Accounts(10, 10, 10, 0.0, most)


def test_the_number_of_accounts_is_bounded() -> None:
    """[LM8] those who come when all are in use share one."""
    table = accounts(100)
    for number in range(100):
        assert table.of(str(number), 0.0).connects.try_take(0.0) == 0
    assert table.of("100", 0.0) is table.of("101", 0.0)
    assert len(table) == 100
    assert table.of("7", 0.0) is not table.of("100", 0.0)


def test_only_blank_accounts_are_forgotten() -> None:
    """[LM8] nobody gets a fresh bucket, or a fresh count, by making many keys."""
    table = accounts(100)
    drained = table.of("drained", 0.0)
    while not drained.messages.take(1, 0.0):
        pass
    seated = table.of("seated", 0.0)
    seated.open = 1
    for number in range(10_000):
        table.of(str(number), 5.0)
    assert len(table) <= 100
    assert table.of("drained", 5.0) is drained
    assert table.of("seated", 5.0) is seated
    for number in range(10_000):
        table.of(str(number), 60.0)
    assert table.of("drained", 60.0) is not drained
    assert table.of("seated", 60.0) is seated


def test_an_account_is_small() -> None:
    """[LM8] so that all of them are."""
    account = Account(10, 10, 10, 0.0)
    buckets = (account.messages, account.connects, account.requests)
    floats = [getattr(bucket, name) for bucket in buckets for name in TokenBucket.__slots__]
    size = sum(map(sys.getsizeof, (account, *buckets, *floats)))
    assert size < 700
