"""`python -m tests.interop.table`: writes what the tests show of which client into
docs/clients.md, between its two markers."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.interop.cases import BEHAVIOURS, CANNOT, KINDS, REMARKS, SHOWN, Kind

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "clients.md"
BEGIN: Final = "<!-- written by `python -m tests.interop.table` -->\n"
END: Final = "<!-- end of what is written -->\n"
_LEFT_OUT: Final = frozenset({"skip", "skipif", "xfail"})


def load_cases() -> None:
    """Import the tests, which say what they show as they are defined."""
    for path in sorted(Path(__file__).parent.glob("test_matrix*.py")):
        importlib.import_module(f"tests.interop.{path.stem}")


def is_shown(behaviour: str, kind: Kind) -> bool:
    """Whether there are tests of it, and all of them are run."""
    tests = SHOWN.get((behaviour, kind.key), [])
    marks = (mark.name for test in tests for mark in getattr(test, "pytestmark", ()))
    return bool(tests) and _LEFT_OUT.isdisjoint(marks)


def cell(behaviour: str, kind: Kind) -> tuple[str, str | None]:
    """What the table says, and the note to it."""
    pair = behaviour, kind.key
    if pair in CANNOT:
        return "no", CANNOT[pair]
    return ("yes", REMARKS.get(pair)) if is_shown(behaviour, kind) else ("not shown", None)


def table() -> Iterator[str]:
    """The lines of the table and of the notes under it."""
    load_cases()
    notes: dict[str, int] = {}
    yield "| | " + " | ".join(f"{kind.label} {kind.version()}" for kind in KINDS) + " |"
    yield "|---|" + "---|" * len(KINDS)
    for behaviour, label in BEHAVIOURS.items():
        cells = []
        for kind in KINDS:
            state, note = cell(behaviour, kind)
            number = "" if note is None else f" ({notes.setdefault(note, len(notes) + 1)})"
            cells.append(state + number)
        yield f"| {label} | " + " | ".join(cells) + " |"
    for note, count in notes.items():
        yield ""
        yield f"({count}) {note[0].upper()}{note[1:]}."


def filled(page: str) -> str:
    """The page with the table as it is now."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return before + BEGIN + "\n" + "\n".join(table()) + "\n\n" + END + after


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text("utf-8")), "utf-8")
