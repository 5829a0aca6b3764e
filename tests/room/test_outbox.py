"""What waits for one peer, step by step."""

from __future__ import annotations

import asyncio

import pytest

from collab.errors import WorkerDied
from collab.protocol.framing import framed
from collab.room.backlog import OVERHEAD, Backlog
from tests.room.box import LIMIT, Box


def test_frames_go_straight_while_the_channel_keeps_up() -> None:
    """[SL1] nothing is kept of what the channel takes."""
    box = Box()
    box.channel.resume()
    for _ in range(3):
        box.update()
    assert box.channel.frames[1:] == [b"0", b"1", b"2"]
    assert not box.outbox.waits
    assert box.shelf.heard == []


def test_it_need_not_be_asked_while_the_channel_flows_and_nothing_waits() -> None:
    """[SL1] what goes past it overtakes nothing."""
    box = Box()
    assert box.outbox.freely is None
    box.answer(b"an answer")
    box.channel.resume()
    assert box.outbox.freely is not None
    box.outbox.freely(framed(b"an update"))
    assert box.channel.frames[1:] == [b"an answer", b"an update"]
    box.channel.stall()
    assert box.outbox.freely is None


async def test_it_is_asked_while_an_answer_is_worked_out() -> None:
    """[SL1] although the channel flows."""
    box = Box()
    box.channel.resume()
    box.shelf.slow = True
    working = box.outbox.ask(b"state")
    assert working is not None
    assert box.outbox.freely is None
    box.update()
    box.shelf.gate.set()
    await working
    assert box.channel.frames[1:] == [b"answer to state", b"0"]
    assert box.outbox.freely is not None


def test_nothing_goes_past_it_once_it_is_over() -> None:
    """[SL1] whatever the channel says then."""
    box = Box()
    box.channel.resume()
    box.outbox.end()
    assert box.outbox.freely is None
    box.channel.stall()
    box.channel.resume()
    assert box.outbox.freely is None


def test_frames_wait_in_order_for_a_slow_channel() -> None:
    """[SL1] they wait as they are while there are few."""
    box = Box()
    box.update()
    box.answer(b"receipt")
    box.show((7, 1))
    box.update()
    assert box.outbox.waits
    assert box.channel.frames[1:] == []
    assert box.read() == [b"0", b"receipt", b"7=1", b"1"]
    assert (box.outbox.waits, box.backlog.bytes) == (False, 0)
    assert box.shelf.heard == ["waiting"]


def test_over_the_limit_updates_are_merged_anew() -> None:
    """[SL2] nothing is kept but where they stood, and nothing is missing afterwards."""
    box = Box()
    for _ in range(4):
        box.update(400)
    assert box.outbox.collapsed
    assert box.backlog.bytes == 0
    box.update()
    first, second, third = box.read()
    assert (first, second, third) == (
        b"0" * 400 + b"+" + b"1" * 400,
        b"2" * 400 + b"+" + b"3" * 400,
        b"4",
    )
    assert not box.outbox.collapsed
    box.update()
    assert box.channel.frames[-1] == b"5"


def test_only_as_much_is_made_as_the_channel_takes() -> None:
    """[SL2] a peer that reads on slowly gets frame by frame."""
    box = Box()
    for _ in range(6):
        box.update(400)
    box.channel.take(10)
    assert len(box.channel.frames) == 2
    box.update()
    box.channel.take(box.channel.buffered)
    assert len(box.channel.frames) == 3
    assert box.read()[2:] == [b"4" * 400 + b"+" + b"5" * 400, b"6"]


def test_answers_keep_their_place_among_merged_updates() -> None:
    """[SL3] a receipt comes behind what was committed before it, and each comes once."""
    box = Box()
    box.update(100)
    box.answer(b"first")
    box.update(900)
    box.answer(b"second")
    assert box.outbox.collapsed
    box.update()
    frames = box.read()
    assert frames == [b"0" * 100, b"first", b"1" * 900, b"second", b"2"]


def test_what_the_log_forgot_is_worked_out_from_a_state_vector() -> None:
    """[SL4] the one that the peer had before anything waited."""
    box = Box()
    for _ in range(4):
        box.update(400)
    box.shelf.forgotten = 4
    assert box.read() == [b"all over known"]
    assert not box.outbox.waits


async def test_a_long_resynchronisation_holds_what_comes_meanwhile_behind_it() -> None:
    """[SL4] updates committed while a worker is busy are sent after its answer."""
    box = Box()
    for _ in range(4):
        box.update(400)
    box.shelf.forgotten, box.shelf.slow = 4, True
    assert box.read() == []
    await asyncio.sleep(0)
    box.update()
    box.answer(b"receipt")
    assert box.channel.frames[1:] == []
    box.shelf.gate.set()
    await asyncio.gather(*box.shelf.tasks)
    assert box.channel.frames[1:] == [b"all over known", b"4", b"receipt"]


async def test_a_resynchronisation_that_fails_ends_the_peer() -> None:
    """[SL4] its owner is told why."""
    box = Box()
    for _ in range(4):
        box.update(400)
    box.shelf.forgotten, box.shelf.slow = 4, True
    box.shelf.error = WorkerDied("the worker died")
    box.read()
    box.shelf.gate.set()
    await asyncio.gather(*box.shelf.tasks)
    assert box.shelf.heard == ["waiting", "the worker died"]


async def test_a_peer_that_leaves_meanwhile_is_sent_nothing() -> None:
    box = Box()
    for _ in range(4):
        box.update(400)
    box.shelf.forgotten, box.shelf.slow = 4, True
    box.read()
    await asyncio.sleep(0)
    box.outbox.end()
    box.shelf.gate.set()
    await asyncio.gather(*box.shelf.tasks)
    assert box.channel.frames[1:] == []


def test_a_sync_request_waits_as_a_question() -> None:
    """[SL5] the answer is made when there is room for it, in its place."""
    box = Box()
    box.update()
    assert box.outbox.ask(b"what I have") is None
    box.update()
    assert box.read() == [b"0", b"answer to what I have", b"1"]
    assert box.backlog.bytes == 0


def test_an_answer_to_a_request_replaces_no_update() -> None:
    """[SL5] it leaves out what the peer said it has, its own edits: their echo still comes."""
    box = Box()
    assert box.outbox.ask(b"my own edit") is None
    box.update(2000)
    assert box.read() == [b"answer to my own edit", b"0" * 2000]


def test_presence_is_the_latest_of_each_client() -> None:
    """[SL6] whatever each said meanwhile, and in small frames."""
    box = Box(limit=200)
    for clock in range(100):
        box.show((1, clock), (2, clock))
        box.show((3, clock))
    assert box.backlog.bytes == 0
    assert box.read() == [b"1=99 2=99", b"3=99"]
    assert not box.outbox.waits


def test_presence_is_not_held_up_by_updates_that_go_on() -> None:
    """[SL6] a peer that never quite catches up sees where the others are all the same."""
    box = Box(limit=100)
    box.update(200)
    box.show((1, 1))
    for _ in range(5):
        box.update(200)
    assert box.read()[:2] == [b"0" * 200, b"1=1"]


def test_presence_that_waits_is_bounded_for_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """[SL6] over all its documents; a state counts once, and no more once it is sent."""
    monkeypatch.setattr("collab.room.outbox.MOST_PRESENT", 3)
    backlog = Backlog(10)
    one, two = Box(backlog=backlog), Box(backlog=backlog)
    one.show((1, 1), (2, 1))
    one.show((1, 2))
    assert backlog.present == 2
    assert one.read() == [b"1=2 2=1"]
    two.show((1, 1), (2, 1))
    one.channel.stall()
    one.channel.send(b"x" * 10)
    one.show((1, 3))
    assert not one.overflown
    one.show((2, 3))
    assert (one.overflown, two.overflown) == (True, False)
    assert backlog.present == 2


def test_answers_over_the_limit_end_the_peer() -> None:
    """[SL7] they can be neither dropped nor merged; updates give way to them first."""
    box = Box()
    box.update(400)
    box.answer(b"a" * 800)
    assert box.outbox.collapsed
    assert not box.overflown
    box.answer(b"b" * 200)
    assert box.overflown
    box.update()
    assert box.read() == []
    assert box.backlog.bytes == 0


def test_one_answer_of_any_size_may_wait() -> None:
    """[SL7] where no other does."""
    box = Box()
    box.answer(b"a" * 5000)
    assert not box.overflown
    assert box.read() == [b"a" * 5000]
    box.channel.stall()
    box.channel.send(b"x" * 10)
    box.answer(b"b" * 5000)
    assert not box.overflown


def test_who_is_over_one_bound_while_giving_way_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """[SL8] its share is free for the other documents of its connection."""
    monkeypatch.setattr("collab.room.outbox.MOST_PRESENT", 1)
    box = Box()
    box.answer(b"first")
    box.show((1, 1), (2, 1))
    box.answer(b"second")
    box.update(400)
    box.answer(b"third" * 100)
    assert box.overflown
    assert (box.backlog.bytes, box.backlog.present) == (0, 0)
    assert not box.outbox.waits


def test_answers_are_counted_too() -> None:
    """[SL7] empty ones cost memory as well."""
    box = Box(limit=1_000_000, most=10)
    for _ in range(10):
        box.answer(b"")
    assert box.backlog.bytes == 10 * OVERHEAD
    assert not box.overflown
    box.answer(b"")
    assert box.overflown


def test_questions_count_as_answers() -> None:
    """[SL7] a peer that asks and never reads is ended."""
    box = Box(most=3)
    for _ in range(4):
        assert box.outbox.ask(b"") is None
    assert box.overflown


def test_documents_of_one_connection_share_what_may_wait() -> None:
    """[SL8] over it each of them drops what can be made anew."""
    backlog = Backlog(LIMIT)
    boxes = [Box(backlog=backlog) for _ in range(5)]
    for box in boxes[:4]:
        box.update(150)
    assert not any(box.outbox.collapsed for box in boxes)
    boxes[4].update(150)
    assert all(box.outbox.collapsed for box in boxes)
    assert backlog.bytes == 0
    for box in boxes:
        assert box.read() == [b"0" * 150]
        box.outbox.end()


def test_a_document_that_is_left_gives_back_its_share() -> None:
    """[SL8] and is not asked again."""
    backlog = Backlog(LIMIT)
    left, here = Box(backlog=backlog), Box(backlog=backlog)
    left.answer(b"a" * 500)
    left.outbox.end()
    assert backlog.bytes == 0
    here.update(2000)
    assert here.outbox.collapsed
