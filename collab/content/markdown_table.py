"""Tables as GFM: one header row, and cells of one line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from collab.content.blocks import (
    Block,
    Break,
    Cell,
    CodeBlock,
    Heading,
    Inline,
    Inlines,
    ListBlock,
    Paragraph,
    Quote,
    Rule,
    Style,
    Table,
    Text,
)
from collab.content.grid import lay_out
from collab.content.inline_reading import join_texts
from collab.content.markdown_inline import Place, write_inlines
from collab.content.text import marker

_CODE = frozenset({Style.CODE})


def table_lines(table: Table) -> list[str]:
    """The first row is the header, and as long as the longest row."""
    rows = lay_out(table.rows)
    width = max(len(row) for row in rows)
    lines = [_line([_cell(cell) for cell in row]) for row in rows]
    lines[0] = _line([*(_cell(cell) for cell in rows[0]), *[""] * (width - len(rows[0]))])
    lines.insert(1, _line(["---"] * width))
    return lines


def flatten(blocks: Sequence[Block]) -> Inlines:
    """Blocks as the inline content of one paragraph, with breaks between them."""
    out: list[Inline] = []
    _flatten(out, blocks)
    return join_texts(out)


def _flatten(out: list[Inline], blocks: Sequence[Block]) -> None:
    is_first = True
    for block in blocks:
        if isinstance(block, Paragraph) and not block.inlines:
            continue
        if not is_first:
            out.append(Break())
        is_first = False
        match block:
            case Paragraph(inlines) | Heading(_, inlines):
                out.extend(inlines)
            case Quote(children):
                _flatten(out, children)
            case ListBlock(items=items):
                for index, item in enumerate(items):
                    if index:
                        out.append(Break())
                    out.append(Text(marker(block, index)))
                    _flatten(out, item.blocks)
            case CodeBlock(_, text):
                _flatten_code(out, text)
            case Rule():
                out.append(Text("---"))
            case Table(rows):
                _flatten_table(out, rows)
            case _:
                assert_never(block)


def _flatten_code(out: list[Inline], text: str) -> None:
    for index, line in enumerate(text.split("\n")):
        if index:
            out.append(Break())
        if line:
            out.append(Text(line, _CODE))


def _flatten_table(out: list[Inline], rows: Sequence[Sequence[Cell]]) -> None:
    for row_index, row in enumerate(rows):
        if row_index:
            out.append(Break())
        for index, cell in enumerate(row):
            if index:
                out.append(Text(" | "))
            _flatten(out, cell.blocks)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: Cell | None) -> str:
    return "" if cell is None else write_inlines(flatten(cell.blocks), Place.CELL)
