"""Content being gathered into blocks: what has no parent yet gets one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from collab.content.blocks import (
    Block,
    Break,
    Cell,
    Image,
    Inline,
    Inlines,
    Item,
    ListBlock,
    ListKind,
    Paragraph,
    Table,
    Text,
)
from collab.content.inline_reading import join_texts


class Boundary:
    """Between blocks, content on both sides keeps apart; within a text block, it runs on."""


@dataclass(frozen=True, slots=True)
class LoneItem:
    kind: ListKind
    start: int
    item: Item


Part: TypeAlias = "Inline | Block | LoneItem | Cell | Row | Boundary"
Parts: TypeAlias = "list[Part]"
BOUNDARY = Boundary()


@dataclass(frozen=True, slots=True)
class Row:
    cells: tuple[Cell, ...]


def flat(children: list[Parts]) -> Parts:
    return [part for parts in children for part in parts]


def gather(parts: Parts, wrap: Callable[[Inlines], Block], in_text: bool) -> tuple[Block, ...]:
    """Parts as blocks: inline content by `wrap`, items, cells and rows in what they lack."""
    flow = _Flow(wrap)
    for part in parts:
        match part:
            case Boundary():
                if not in_text:
                    flow.flush_text()
            case Text() | Break() | Image():
                flow.inline(part)
            case LoneItem():
                flow.item(part)
            case Row():
                flow.block(Table((part.cells,)))
            case Cell():
                flow.block(*part.blocks)
            case _:
                flow.block(part)
    flow.flush()
    return tuple(flow.blocks)


class _Flow:
    """Blocks being gathered, with the inline content and list items that are not one yet."""

    __slots__ = ("blocks", "items", "run", "wrap")

    def __init__(self, wrap: Callable[[Inlines], Block]) -> None:
        self.wrap = wrap
        self.blocks: list[Block] = []
        self.run: list[Inline] = []
        self.items: list[LoneItem] = []

    def inline(self, inline: Inline) -> None:
        self._flush_items()
        self.run.append(inline)

    def block(self, *blocks: Block) -> None:
        self.flush()
        self.blocks.extend(blocks)

    def item(self, lone: LoneItem) -> None:
        self.flush_text()
        if self.items and self.items[0].kind is not lone.kind:
            self._flush_items()
        self.items.append(lone)

    def flush(self) -> None:
        self.flush_text()
        self._flush_items()

    def flush_text(self) -> None:
        if self.run:
            self.blocks.append(self.wrap(join_texts(self.run)))
            self.run = []

    def _flush_items(self) -> None:
        if self.items:
            first = self.items[0]
            items = tuple(lone.item for lone in self.items)
            self.blocks.append(ListBlock(first.kind, items, first.start))
            self.items = []


def gather_blocks(children: list[Parts]) -> tuple[Block, ...]:
    return gather(flat(children), Paragraph, in_text=False)
