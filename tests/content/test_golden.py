"""Whole exports, to be read by people: a change here is a change that users see.

After an intended change, write the files anew with
`python -m tests.content.test_golden` and read the difference.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from collab.content import render
from collab.interfaces import Format
from tests.content.html_reader import read_inert
from tests.content.kitchen_sink import KITCHEN_SINK
from tests.content.markdown_parser import parse_markdown
from tests.content.normal_form import normal_form

_FILES = {
    Format.MARKDOWN: "kitchen_sink.md",
    Format.HTML: "kitchen_sink.html",
    Format.TEXT: "kitchen_sink.txt",
    Format.JSON: "kitchen_sink.json",
}
_GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("form", list(Format))
def test_golden(form: Format) -> None:
    """[EX8] everything Tiptap writes, in each format, character for character."""
    expected = (_GOLDEN / _FILES[form]).read_text(encoding="utf-8")
    assert render(KITCHEN_SINK, form, "Kitchen & sink") == expected


def test_golden_markdown_means_the_same() -> None:
    """[EX20] the Markdown of the whole document parses back to it."""
    source = render(KITCHEN_SINK, Format.MARKDOWN)
    assert normal_form(parse_markdown(source)) == normal_form(KITCHEN_SINK)


def test_golden_html_is_inert() -> None:
    """[EX10] so is the HTML of the whole document."""
    page = render(KITCHEN_SINK, Format.HTML)
    read_inert(page[page.index("<body>") + len("<body>") : page.index("</body>")])


if __name__ == "__main__":
    for each, name in _FILES.items():
        golden = render(KITCHEN_SINK, each, "Kitchen & sink")
        (_GOLDEN / name).write_text(golden, encoding="utf-8")
