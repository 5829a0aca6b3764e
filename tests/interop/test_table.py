"""The table of docs/clients.md is what the tests say, and the tests say something of all of it."""

from __future__ import annotations

from tests.interop.cases import BEHAVIOURS, BY_KEY, CANNOT, KINDS, REMARKS, SHOWN
from tests.interop.table import PAGE, filled, is_shown, load_cases


def test_every_behaviour_of_every_client_is_shown_or_impossible() -> None:
    load_cases()
    missing = [
        (behaviour, kind.key)
        for behaviour in BEHAVIOURS
        for kind in KINDS
        if (behaviour, kind.key) not in CANNOT and not is_shown(behaviour, kind)
    ]
    assert not missing


def test_the_matrix_names_nothing_else() -> None:
    load_cases()
    for behaviour, kind in (*SHOWN, *CANNOT, *REMARKS):
        assert behaviour in BEHAVIOURS
        assert kind in BY_KEY
    assert not SHOWN.keys() & CANNOT.keys()


def test_the_documented_table_is_current() -> None:
    page = PAGE.read_text("utf-8")
    assert page == filled(page), "run: python -m tests.interop.table"
