"""Flat marks as nested spans, which is how HTML and Markdown write them."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from collab.content.blocks import NO_MARKS, Break, Image, Inline, Link, Marks, Style, Text
from collab.content.escaping import is_space

_ORDER = (
    Style.STRIKE,
    Style.UNDERLINE,
    Style.HIGHLIGHT,
    Style.BOLD,
    Style.ITALIC,
    Style.SUBSCRIPT,
    Style.SUPERSCRIPT,
)
_RANKS = {style: rank for rank, style in enumerate(_ORDER)}
_CODE: Marks = frozenset({Style.CODE})


@dataclass(frozen=True, slots=True)
class Span:
    """Content under one mark. Texts in it carry no mark but code; images keep theirs."""

    mark: Style | Link
    children: tuple[Nested, ...]


Nested: TypeAlias = Inline | Span
_Entry: TypeAlias = tuple[Inline, Marks]


def nest(inlines: Sequence[Inline]) -> tuple[Nested, ...]:
    """Spans that give every inline its marks; the mark that reaches furthest is outermost.

    A break is inside of the marks that go on after it.
    """
    if len(inlines) == 1 and isinstance(inlines[0], Text) and not inlines[0].marks:
        return (inlines[0],)
    entries = _entries(inlines)
    return tuple(_nest(entries, 0, len(entries), NO_MARKS))


def _entries(inlines: Sequence[Inline]) -> list[_Entry]:
    entries: list[_Entry] = []
    after: Marks = NO_MARKS
    followers: list[Marks] = []
    for inline in reversed(inlines):
        followers.append(after)
        if not isinstance(inline, Break):
            after = inline.marks
    before: Marks = NO_MARKS
    for inline, follower in zip(inlines, reversed(followers), strict=True):
        match inline:
            case Break():
                entries.append((inline, (before & follower) - _CODE))
            case Text(text, marks):
                entries.append((Text(text, marks & _CODE), marks - _CODE))
                before = marks
            case Image(marks=marks):
                entries.append((inline, marks - _CODE))
                before = marks
    return entries


def _nest(entries: list[_Entry], start: int, end: int, opened: Marks) -> list[Nested]:
    """Recurses once per kind of mark at most."""
    nested: list[Nested] = []
    while start < end:
        inline, marks = entries[start]
        closed = marks - opened if opened else marks
        if not closed:
            nested.append(inline)
            start += 1
            continue
        mark, reach = _furthest(entries, start, end, closed)
        nested.append(Span(mark, tuple(_nest(entries, start, reach, opened | {mark}))))
        start = reach
    return nested


def _furthest(
    entries: list[_Entry], start: int, end: int, marks: Marks
) -> tuple[Style | Link, int]:
    """The mark that goes on for longest, and where it ends."""
    best: tuple[int, int, Style | Link] | None = None
    for mark in marks:
        reach = start + 1
        while reach < end and mark in entries[reach][1]:
            reach += 1
        rank = -1 if isinstance(mark, Link) else _RANKS[mark]
        if best is None or (reach, -rank) > best[:2]:
            best = (reach, -rank, mark)
    assert best is not None, "there are marks to open"
    return best[2], best[0]


def put_space_outside(nodes: Sequence[Nested], marks: Container[Style | Link]) -> list[Nested]:
    """Nodes in which no span of these marks begins or ends with white space or a break."""
    trimmed: list[Nested] = []
    for node in nodes:
        if not isinstance(node, Span):
            _append(trimmed, node)
            continue
        children = put_space_outside(node.children, marks)
        if node.mark not in marks:
            trimmed.append(Span(node.mark, tuple(children)))
            continue
        before, children = _split_space(children)
        after, children = _split_space(children[::-1], at_end=True)
        for space in before:
            _append(trimmed, space)
        if children:
            trimmed.append(Span(node.mark, tuple(children[::-1])))
        for space in after[::-1]:
            _append(trimmed, space)
    return trimmed


def _append(nodes: list[Nested], node: Nested) -> None:
    last = nodes[-1] if nodes else None
    if isinstance(node, Text) and isinstance(last, Text) and last.marks == node.marks:
        nodes[-1] = Text(last.text + node.text, node.marks)
    else:
        nodes.append(node)


def _split_space(nodes: list[Nested], at_end: bool = False) -> tuple[list[Nested], list[Nested]]:
    """The breaks and white space that the nodes begin with, and the rest; with `at_end`, the
    nodes are in reverse order and the space is at their ends."""
    spaces: list[Nested] = []
    for index, node in enumerate(nodes):
        if isinstance(node, Break):
            spaces.append(node)
            continue
        if not isinstance(node, Text) or node.marks:
            return spaces, nodes[index:]
        text = node.text
        if at_end:
            cut = len(text)
            while cut and is_space(text[cut - 1]):
                cut -= 1
            space, kept = text[cut:], text[:cut]
        else:
            cut = 0
            while cut < len(text) and is_space(text[cut]):
                cut += 1
            space, kept = text[:cut], text[cut:]
        if space:
            spaces.append(Text(space))
        if kept:
            return spaces, [Text(kept), *nodes[index + 1 :]]
    return spaces, []
