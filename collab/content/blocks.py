"""What a document says, apart from the names its editor gave: the input of every writer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Style(StrEnum):
    BOLD = "bold"
    ITALIC = "italic"
    STRIKE = "strike"
    UNDERLINE = "underline"
    HIGHLIGHT = "highlight"
    SUBSCRIPT = "subscript"
    SUPERSCRIPT = "superscript"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Link:
    """`href` has passed `safe_link`."""

    href: str
    title: str = ""


Marks: TypeAlias = "frozenset[Style | Link]"
"""With one link at most."""

NO_MARKS: Marks = frozenset()


@dataclass(frozen=True, slots=True)
class Text:
    """At least one character; no controls but tab and newline."""

    text: str
    marks: Marks = NO_MARKS


@dataclass(frozen=True, slots=True)
class Break:
    """A hard break."""


@dataclass(frozen=True, slots=True)
class Image:
    """`src` has passed `safe_image`."""

    src: str
    alt: str = ""
    title: str = ""
    marks: Marks = NO_MARKS


Inline: TypeAlias = Text | Break | Image
Inlines: TypeAlias = tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """An image that is a block is a paragraph of that image alone."""

    inlines: Inlines = ()


@dataclass(frozen=True, slots=True)
class Heading:
    """`level` is 1 to 6."""

    level: int
    inlines: Inlines


@dataclass(frozen=True, slots=True)
class Quote:
    blocks: tuple[Block, ...]


class ListKind(StrEnum):
    BULLET = "bullet"
    ORDERED = "ordered"
    TASK = "task"


@dataclass(frozen=True, slots=True)
class Item:
    """Its first block is a paragraph, maybe an empty one. `checked` is for task lists."""

    blocks: tuple[Block, ...]
    checked: bool = False


@dataclass(frozen=True, slots=True)
class ListBlock:
    """At least one item. `start` (0 to 999,999,999) and `numbering` are for ordered lists."""

    kind: ListKind
    items: tuple[Item, ...]
    start: int = 1
    numbering: str = "1"


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """`language` is a word without spaces, or empty."""

    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A horizontal rule."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Spans are 1 to 100."""

    blocks: tuple[Block, ...]
    header: bool = False
    colspan: int = 1
    rowspan: int = 1


@dataclass(frozen=True, slots=True)
class Table:
    """At least one row; each row has at least one cell."""

    rows: tuple[tuple[Cell, ...], ...]


Block: TypeAlias = Paragraph | Heading | Quote | ListBlock | CodeBlock | Rule | Table
