"""Plain text to read: what the document says, without how it looks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from collab.content.blocks import (
    Block,
    Break,
    CodeBlock,
    Heading,
    Image,
    Inlines,
    ListBlock,
    ListKind,
    Paragraph,
    Quote,
    Rule,
    Table,
    Text,
)
from collab.content.grid import lay_out


def write_text(blocks: Sequence[Block]) -> str:
    """Blocks with an empty line between them; nested ones are indented by two spaces a level."""
    out: list[str] = []
    _blocks(out, blocks, "", "")
    return "".join(out)


def marker(block: ListBlock, index: int) -> str:
    """What stands before an item of the list, with a space at the end."""
    match block.kind:
        case ListKind.BULLET:
            return "- "
        case ListKind.ORDERED:
            return f"{block.start + index}. "
        case ListKind.TASK:
            return "[x] " if block.items[index].checked else "[ ] "
        case _:
            assert_never(block.kind)


def inline_text(inlines: Inlines) -> str:
    """The inline content as text: breaks are newlines, images their descriptions."""
    parts: list[str] = []
    for inline in inlines:
        match inline:
            case Text(text):
                parts.append(text)
            case Break():
                parts.append("\n")
            case Image(src, alt, title):
                parts.append(alt or title or ("[image]" if src.startswith("data:") else src))
            case _:
                assert_never(inline)
    return "".join(parts)


def _blocks(out: list[str], blocks: Sequence[Block], first: str, rest: str) -> None:
    """Write with `first` before the first line and `rest` before the others."""
    for index, block in enumerate(blocks):
        if index:
            previous = blocks[index - 1]
            close = isinstance(block, ListBlock) and isinstance(previous, Paragraph) and rest
            if not close:
                out.append("\n")
        _block(out, block, first if index == 0 else rest, rest)


def _block(out: list[str], block: Block, first: str, rest: str) -> None:
    # With `_blocks`, two stack frames a level: a tree may be 256 levels deep.
    match block:
        case Paragraph(inlines) | Heading(_, inlines):
            _lines(out, inline_text(inlines), first, rest)
        case CodeBlock(_, text):
            _lines(out, text, first, rest)
        case Quote(blocks):
            _blocks(out, blocks, first + "  ", rest + "  ")
        case ListBlock(_, items):
            for index, item in enumerate(items):
                start = first if index == 0 else rest
                _blocks(out, item.blocks, start + marker(block, index), rest + "  ")
        case Rule():
            _lines(out, "---", first, rest)
        case Table(rows):
            for index, row in enumerate(lay_out(rows)):
                cells: list[str] = []
                for cell in row:
                    inner: list[str] = []
                    if cell is not None:
                        _blocks(inner, cell.blocks, "", "")
                    cells.append(_one_line(inner))
                _lines(out, "\t".join(cells), first if index == 0 else rest, rest)
        case _:
            assert_never(block)


def _lines(out: list[str], text: str, first: str, rest: str) -> None:
    for index, line in enumerate(text.split("\n")):
        out.append(f"{rest if index else first}{line}\n")


def _one_line(lines: Sequence[str]) -> str:
    return " ".join([part for part in "".join(lines).split("\n") if part])
