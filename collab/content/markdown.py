"""Blocks as Markdown: CommonMark with GFM's tables, task lists and strikethrough."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from collab.content.blocks import (
    Block,
    Break,
    CodeBlock,
    Heading,
    Item,
    ListBlock,
    ListKind,
    Paragraph,
    Quote,
    Rule,
    Table,
)
from collab.content.escaping import fence
from collab.content.markdown_inline import Place, write_inlines
from collab.content.markdown_table import table_lines
from collab.content.reading import MAX_LIST_NUMBER


def write_markdown(blocks: Sequence[Block]) -> str:
    """Source that parses back to these blocks in normal form (rules EX of SPEC.md)."""
    out: list[str] = []
    shown = _shown(blocks)
    if shown:
        _blocks(out, shown, "", "", in_item=False)
    return "".join(out)


def is_blank(block: Block) -> bool:
    """A paragraph that says nothing: Markdown has no empty ones."""
    return isinstance(block, Paragraph) and block.inlines in ((), (Break(),))


def _shown(blocks: Sequence[Block]) -> list[Block]:
    return [block for block in blocks if not is_blank(block)]


def _blocks(out: list[str], blocks: Sequence[Block], first: str, rest: str, in_item: bool) -> None:
    """Write blocks that are not blank: `first` goes before the first line, `rest` before the
    others. Each line is written once, so that nesting costs no more than its indentation. Two
    stack frames a level at most: a tree may be 256 levels deep."""
    if not blocks:
        out.append(f"{first.rstrip()}\n")
    previous: Block | None = None
    is_other = False
    for block in blocks:
        if previous is not None and not (in_item and _may_touch(previous, block)):
            out.append(f"{rest.rstrip()}\n")
        is_other = not is_other and previous is not None and _would_join(previous, block)
        before = rest if previous is not None else first
        match block:
            case Paragraph(inlines):
                _lines(out, write_inlines(inlines, Place.PARAGRAPH).split("\n"), before, rest)
            case Heading(level, inlines):
                line = f"{'#' * level} {write_inlines(inlines, Place.HEADING)}"
                _lines(out, (line.rstrip(" "),), before, rest)
            case Quote(children):
                _blocks(out, _shown(children), f"{before}> ", f"{rest}> ", in_item=False)
            case ListBlock():
                _list(out, block, before, rest, is_other)
            case CodeBlock(language, text):
                marks = fence(text)
                code = text.split("\n") if text else ()
                _lines(out, (f"{marks}{language}", *code, marks), before, rest)
            case Rule():
                # As the first line of an item or a document, `---` would mean something else.
                _lines(out, ("---" if previous is not None else "___",), before, rest)
            case Table():
                _lines(out, table_lines(block), before, rest)
            case _:
                assert_never(block)
        previous = block


def _lines(out: list[str], lines: Sequence[str], first: str, rest: str) -> None:
    for index, line in enumerate(lines):
        before = rest if index else first
        out.append(f"{before}{line}\n" if line else f"{before.rstrip()}\n")


def _would_join(previous: Block, block: Block) -> bool:
    """Two lists that are one to a parser, unless the second one has other markers."""
    match previous, block:
        case ListBlock(kind=kind), ListBlock(kind=other):
            return (kind is ListKind.ORDERED) == (other is ListKind.ORDERED)
    return False


def _may_touch(previous: Block, block: Block) -> bool:
    """A list right under its item's text needs no empty line, if it can interrupt a paragraph:
    with an item that is not empty, and with the number 1."""
    if not isinstance(previous, Paragraph) or not isinstance(block, ListBlock):
        return False
    if block.kind is ListKind.ORDERED and block.start != 1:
        return False
    return block.kind is ListKind.TASK or not is_blank(block.items[0].blocks[0])


def _list(out: list[str], block: ListBlock, first: str, rest: str, is_other: bool) -> None:
    contents = [_shown(item.blocks) for item in block.items]
    is_loose = any(len(shown) > 1 and not _may_touch(*shown[:2]) for shown in contents)
    for index, (item, shown) in enumerate(zip(block.items, contents, strict=True)):
        if index and is_loose:
            out.append(f"{rest.rstrip()}\n")
        marker = _marker(block, index, is_other)
        inner = rest + " " * len(marker)
        before = (rest if index else first) + marker
        if block.kind is ListKind.TASK:
            before += "[x] " if item.checked else "[ ] "
        line = _first_line(block, item, shown)
        if line is None:
            _blocks(out, shown, before, inner, in_item=True)
            continue
        out.append(f"{(before + line).rstrip(' ')}\n")
        if shown:
            if line and not _may_touch(item.blocks[0], shown[0]):
                out.append(f"{inner.rstrip()}\n")
            _blocks(out, shown, inner, inner, in_item=True)


def _first_line(block: ListBlock, item: Item, shown: Sequence[Block]) -> str | None:
    """What the item's first line holds, if not the beginning of its first block."""
    if block.kind is ListKind.TASK and is_blank(item.blocks[0]):
        # A box with nothing after it is no task; Tiptap writes an empty paragraph like this.
        return "&nbsp;"
    if shown and isinstance(shown[0], ListBlock):
        # `- - -` is a rule.
        return ""
    return None


def _marker(block: ListBlock, index: int, is_other: bool) -> str:
    if block.kind is ListKind.ORDERED:
        number = min(block.start + index, MAX_LIST_NUMBER)
        return f"{number}{')' if is_other else '.'} "
    return "* " if is_other else "- "
