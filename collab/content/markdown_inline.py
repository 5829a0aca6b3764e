"""Inline content as Markdown.

Two rules of CommonMark shape this. A delimiter such as `**` works only between the right
neighbours: none of its inner side may be white space, and a letter outside of it spoils one
with punctuation inside. So white space at the edges of emphasis is put outside, and where a
letter is in the way it is written as a character reference, which counts as punctuation.
And delimiters of the same sign must not touch: `_` is italic beside bold, `*` elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import assert_never

from collab.content.blocks import Break, Image, Inline, Link, Style, Text
from collab.content.escaping import (
    autolink,
    character_reference,
    code_span,
    escape_block_start,
    escape_text,
    is_letter,
    is_space,
    link_target,
    separates,
)
from collab.content.nesting import Nested, Span, nest, put_space_outside

_DELIMITERS = {Style.BOLD: "**", Style.ITALIC: "*", Style.STRIKE: "~~"}
# What CommonMark has no sign for. These tags are all the HTML that is ever written.
_TAGS = {
    Style.UNDERLINE: "u",
    Style.HIGHLIGHT: "mark",
    Style.SUBSCRIPT: "sub",
    Style.SUPERSCRIPT: "sup",
}


class Place(Enum):
    """Where inline content stands; only a paragraph can have more than one line."""

    PARAGRAPH = auto()
    HEADING = auto()
    CELL = auto()


class _Kind(Enum):
    TEXT = auto()
    SYNTAX = auto()
    NEWLINE = auto()
    OPENING = auto()
    CLOSING = auto()


@dataclass(slots=True)
class _Token:
    """Source to be: of a text its characters, of everything else what will be written."""

    kind: _Kind
    source: str
    refer_first: bool = False
    refer_last: bool = False

    @property
    def starts_with_reference(self) -> bool:
        return self.refer_first or (self.refer_last and len(self.source) == 1)

    @property
    def ends_with_reference(self) -> bool:
        return self.refer_last or (self.refer_first and len(self.source) == 1)


def write_inlines(inlines: Sequence[Inline], place: Place) -> str:
    """Markdown source; lines of a paragraph are separated by `\\n`."""
    tokens: list[_Token] = []
    _tokenize(tokens, put_space_outside(nest(inlines), _DELIMITERS), place)
    if tokens and tokens[-1].kind is _Kind.NEWLINE:
        # A backslash at the end of a block is only a backslash.
        tokens[-1] = _Token(_Kind.SYNTAX, "<br>")
    _choose_italic(tokens)
    while _refer_to_neighbours(tokens):
        pass  # ends: each round sets a flag, and flags spread outwards only
    return "".join([_source(tokens, index, place) for index in range(len(tokens))])


def _tokenize(tokens: list[_Token], nodes: Sequence[Nested], place: Place) -> None:
    for node in nodes:
        match node:
            case Text(text, marks):
                if marks:
                    tokens.append(_Token(_Kind.SYNTAX, _code(text, place)))
                else:
                    tokens.append(_Token(_Kind.TEXT, text))
            case Break():
                if place is Place.PARAGRAPH:
                    tokens.append(_Token(_Kind.NEWLINE, "\\\n"))
                else:
                    tokens.append(_Token(_Kind.SYNTAX, "<br>"))
            case Image(src, alt, title):
                source = f"![{escape_text(alt)}]({link_target(src, title)})"
                tokens.append(_Token(_Kind.SYNTAX, source))
            case Span(mark, children):
                _tokenize_span(tokens, mark, children, place)
            case _:
                assert_never(node)


def _tokenize_span(
    tokens: list[_Token], mark: Style | Link, children: Sequence[Nested], place: Place
) -> None:
    if isinstance(mark, Link):
        short = autolink(mark.href) if children == (Text(mark.href),) and not mark.title else None
        if short is not None:
            tokens.append(_Token(_Kind.SYNTAX, short))
            return
        opening = _Token(_Kind.SYNTAX, "[")
        closing = _Token(_Kind.SYNTAX, f"]({link_target(mark.href, mark.title)})")
    elif mark in _DELIMITERS:
        opening = _Token(_Kind.OPENING, _DELIMITERS[mark])
        closing = _Token(_Kind.CLOSING, _DELIMITERS[mark])
    else:
        opening = _Token(_Kind.SYNTAX, f"<{_TAGS[mark]}>")
        closing = _Token(_Kind.SYNTAX, f"</{_TAGS[mark]}>")
    tokens.append(opening)
    _tokenize(tokens, children, place)
    tokens.append(closing)


def _code(text: str, place: Place) -> str:
    if place is not Place.CELL or "|" not in text:
        return code_span(text)
    if "\\" in text:
        # Parsers disagree about a backslash before the escaped bar of a cell.
        return f"<code>{escape_text(text)}</code>"
    return code_span(text).replace("|", "\\|")


def _choose_italic(tokens: list[_Token]) -> None:
    """Write italic as `_` if either of its delimiters touches one of bold."""
    opened: list[int] = []
    for index, token in enumerate(tokens):
        if token.source != "*" or token.kind not in (_Kind.OPENING, _Kind.CLOSING):
            continue
        if token.kind is _Kind.OPENING:
            opened.append(index)
            continue
        pair = (opened.pop(), index)
        if any(_touches_bold(tokens, at) for at in pair):
            for at in pair:
                tokens[at].source = "_"


def _touches_bold(tokens: list[_Token], index: int) -> bool:
    around = tokens[max(index - 1, 0) : index + 2]
    return any(t.source == "**" and t.kind in (_Kind.OPENING, _Kind.CLOSING) for t in around)


def _refer_to_neighbours(tokens: list[_Token]) -> bool:
    """Mark letters that keep a delimiter from working; says whether one was found."""
    found = False
    for index, token in enumerate(tokens):
        if token.kind is _Kind.OPENING:
            inner = _first(tokens[index + 1])
            outer = tokens[index - 1] if index else None
            if _works(token, inner, _last(outer)):
                continue
            assert outer is not None
            outer.refer_last = True
        elif token.kind is _Kind.CLOSING:
            inner = _last(tokens[index - 1])
            outer = tokens[index + 1] if index + 1 < len(tokens) else None
            if _works(token, inner, _first(outer)):
                continue
            assert outer is not None
            outer.refer_first = True
        else:
            continue
        found = True
    return found


def _works(token: _Token, inner: str, outer: str) -> bool:
    if separates(outer):
        return True
    return is_letter(inner) and token.source != "_"


def _first(token: _Token | None) -> str:
    if token is None:
        return "\n"
    return "&" if token.starts_with_reference else token.source[0]


def _last(token: _Token | None) -> str:
    if token is None:
        return "\n"
    return ";" if token.ends_with_reference else token.source[-1]


def _source(tokens: list[_Token], index: int, place: Place) -> str:
    token = tokens[index]
    if token.kind is not _Kind.TEXT:
        return token.source
    text = token.source
    starts_line = index == 0 or tokens[index - 1].kind is _Kind.NEWLINE
    ends_line = index + 1 == len(tokens) or tokens[index + 1].kind is _Kind.NEWLINE
    start, end, before, after = 0, len(text), "", ""
    if token.refer_first or (starts_line and is_space(text[0])):
        before, start = character_reference(text[0]), 1
    elif starts_line and place is Place.PARAGRAPH:
        before, start = escape_block_start(text)
    if start < end:
        if token.refer_last or (ends_line and is_space(text[-1])):
            after, end = character_reference(text[-1]), end - 1
        elif ends_line and place is Place.HEADING and text[-1] == "#":
            after, end = "\\#", end - 1
    return before + escape_text(text, start, end) + after
