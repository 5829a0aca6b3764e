"""The ProseMirror-shaped JSON tree, checked.

    {"type": "doc", "content": [{"type": "heading", "attrs": {"level": 2},
     "content": [{"type": "text", "text": "x", "marks": [{"type": "bold"}]}]}]}

`parse_tree` takes whatever a peer wrote and gives nodes of one shape. Names stay as they are,
known or not: what they mean is decided in `collab.content.reading`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeGuard

from collab.errors import DocumentUnreadable

MAX_DEPTH = 256
"""Nodes and attribute values may lie this deep; the root is at depth 1."""

_SAFE_INTEGER = 2**53 - 1
# y-prosemirror names marks that may overlap `name--hash`.
_OVERLAP_SUFFIX = re.compile(r"--[A-Za-z0-9+/=]{8}\Z")
_ARRAYS = (list, tuple)
_UNENCODABLE = re.compile("[\x00\ud800-\udfff]")

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Attrs: TypeAlias = "dict[str, Json]"


@dataclass(frozen=True, slots=True)
class Mark:
    """Formatting of a text; `attrs` has its keys in order."""

    type: str
    attrs: Attrs


@dataclass(frozen=True, slots=True)
class Node:
    """A node. `text` is set exactly on nodes of type `text`, which have no content."""

    type: str
    attrs: Attrs
    content: tuple[Node, ...]
    marks: tuple[Mark, ...]
    text: str | None = None


def parse_tree(tree: Mapping[str, object]) -> Node:
    """Check the shape; wrong parts become empty ones, and what is not a node is left out.

    Text that is no string is written as its JSON. Raises DocumentUnreadable if the tree is
    deeper than MAX_DEPTH.
    """
    # Without recursion: the depth of what comes in is not ours to trust.
    root = _Open(tree, 1)
    stack = [root]
    while True:
        top = stack[-1]
        if top.children:
            child = top.children.pop()
            if isinstance(child, str):
                child = {"type": "text", "text": child}
            if isinstance(child, Mapping):
                stack.append(_Open(child, top.depth + 1))
            continue
        stack.pop()
        node = top.close()
        if not stack:
            return node
        stack[-1].done.append(node)


def tree_json(node: Node) -> str:
    """The tree in its one JSON spelling: keys in a fixed order, empty ones left out."""
    return json.dumps(_plain(node), ensure_ascii=False, separators=(",", ":"), allow_nan=False)


class _Open:
    """A node whose children are still being read."""

    __slots__ = ("children", "depth", "done", "is_text", "raw")

    def __init__(self, raw: Mapping[str, object], depth: int) -> None:
        if depth > MAX_DEPTH:
            raise DocumentUnreadable(f"the document is nested deeper than {MAX_DEPTH} levels")
        self.raw = raw
        self.depth = depth
        self.done: list[Node] = []
        content = raw.get("content")
        self.children: list[object] = list(reversed(content)) if _is_array(content) else []
        if self.children and "text" in raw:
            self.children.append({"type": "text", "text": raw["text"], "marks": raw.get("marks")})
        self.is_text = not self.children and ("text" in raw or raw.get("type") == "text")

    def close(self) -> Node:
        raw = self.raw
        attrs = _attrs(raw.get("attrs"), self.depth)
        marks = _marks(raw.get("marks"), self.depth)
        if self.is_text:
            return Node("text", attrs, (), marks, _text(raw.get("text"), self.depth))
        return Node(_name(raw.get("type")), attrs, tuple(self.done), marks)


def _is_array(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, _ARRAYS)


def _name(value: object) -> str:
    return _string(value) if isinstance(value, str) and value else "unknown"


def _string(value: str) -> str:
    return _UNENCODABLE.sub("\ufffd", value)


def _text(value: object, depth: int) -> str:
    if isinstance(value, str):
        return _string(value)
    checked = _value(value, depth + 1)
    return "" if checked is None else json.dumps(checked, ensure_ascii=False)


def _marks(value: object, depth: int) -> tuple[Mark, ...]:
    """A mark of a type that was there already is left out, as in ProseMirror."""
    found: dict[str, Mark] = {}
    for raw in value if _is_array(value) else ():
        if isinstance(raw, str):
            raw = {"type": raw}
        if isinstance(raw, Mapping):
            name = _OVERLAP_SUFFIX.sub("", _name(raw.get("type")))
            if name not in found:
                found[name] = Mark(name, _attrs(raw.get("attrs"), depth + 1))
    return tuple(found.values())


def _attrs(value: object, depth: int) -> Attrs:
    if not isinstance(value, Mapping):
        return {}
    checked = _value(value, depth)
    return checked if isinstance(checked, dict) else {}


def _value(value: object, depth: int) -> Json:
    """A JSON value with keys in order; anything else is null. Recursion ends at MAX_DEPTH."""
    match value:
        case None | bool():
            return value
        case str():
            return _string(value)
        case int():
            return value if abs(value) <= _SAFE_INTEGER else None
        case float():
            # CRDT numbers are floats: 2.0 is the 2 that the editor wrote.
            if not math.isfinite(value):
                return None
            return int(value) if value.is_integer() and abs(value) <= _SAFE_INTEGER else value
    if depth >= MAX_DEPTH:
        raise DocumentUnreadable(f"an attribute is nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, Mapping):
        keys = sorted((_string(key), key) for key in value if isinstance(key, str))
        result: dict[str, Json] = {}
        for name, key in keys:
            result[name] = _value(value[key], depth + 1)
        return result
    if _is_array(value):
        items: list[Json] = []
        for item in value:
            items.append(_value(item, depth + 1))
        return items
    return None


def _plain(node: Node) -> dict[str, Json]:
    plain: dict[str, Json] = {"type": node.type}
    if node.attrs:
        plain["attrs"] = node.attrs
    if node.text is not None:
        plain["text"] = node.text
    if node.content:
        children: list[Json] = []
        for child in node.content:
            children.append(_plain(child))  # a comprehension would add a stack frame per level
        plain["content"] = children
    if node.marks:
        plain["marks"] = [_plain_mark(mark) for mark in node.marks]
    return plain


def _plain_mark(mark: Mark) -> dict[str, Json]:
    return {"type": mark.type, "attrs": mark.attrs} if mark.attrs else {"type": mark.type}
