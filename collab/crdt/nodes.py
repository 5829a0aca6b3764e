"""Single nodes, marks and attributes of a tree, from the values the CRDT library reads."""

from __future__ import annotations

import json
import math
import re
from base64 import b64encode
from collections.abc import Mapping
from itertools import groupby
from typing import Any

from collab.crdt.chunks import Formatting

Node = dict[str, Any]
"""`{"type", "attrs"?, "content"?, "text"?, "marks"?}`, as ProseMirror writes it to JSON."""

_OVERLAPPING_MARK = re.compile(r"(.+)--[A-Za-z0-9+/=]{8}", re.DOTALL)
"""A mark that may stand on the same text several times carries a hash of its attributes."""

_SOURCE_EMBEDS = ("image", "video")
_MAX_EXACT_FLOAT = 2.0**53


def element(name: str | None, attributes: Mapping[str, Any] | None = None) -> Node:
    """A node named `name`. Only what holds a text may be named so."""
    node: Node = {"type": name if name and name != "text" else "unknown"}
    if attributes:
        node["attrs"] = {key: plain(attributes[key]) for key in sorted(attributes)}
    return node


def text(value: str, formatting: Formatting | None) -> Node:
    node: Node = {"type": "text", "text": value}
    if marks := marks_of(formatting or {}):
        node["marks"] = marks
    return node


def embed(value: Any, formatting: Formatting | None) -> Node:
    """The node for a JSON value in a text: `{"image": url}` and `{"type": ...}` name it."""
    match plain(value):
        case {"type": str(name)} as named:
            node = element(name, {key: inner for key, inner in named.items() if key != "type"})
        case dict(single) if len(single) == 1:
            ((name, inner),) = single.items()
            key = "src" if name in _SOURCE_EMBEDS else "value"
            node = element(name, inner if isinstance(inner, dict) else {key: inner})
        case other:
            node = element("embed", {"value": other})
    if marks := marks_of(formatting or {}):
        node["marks"] = marks
    return node


def marks_of(formatting: Formatting) -> list[Node]:
    """The marks of a text, by name: the library gives its formatting in any order."""
    marks = [_mark(name, plain(value)) for name, value in formatting.items() if _is_set(value)]
    return sorted(marks, key=lambda mark: (mark["type"], json.dumps(mark, sort_keys=True)))


def join_texts(content: list[Node]) -> list[Node]:
    """Neighbouring texts with equal marks as one, empty ones left out."""
    joined: list[Node] = []
    for is_text, run in groupby(content, lambda node: node["type"] == "text"):
        if not is_text:
            joined.extend(run)
            continue
        filled = (node for node in run if node["text"])
        for _, equal in groupby(filled, lambda node: node.get("marks")):
            first, *others = equal
            joined.append(first | {"text": "".join(n["text"] for n in (first, *others))})
    return joined


def plain(value: Any) -> Any:
    """A value as JSON has it: the library reads every number as a float, and `NaN`, bytes and
    shared types have no form in JSON."""
    match value:
        case bool() | str() | int() | None:
            return value
        case float():
            if value.is_integer() and abs(value) < _MAX_EXACT_FLOAT:
                return int(value)
            return value if math.isfinite(value) else None
        case dict():
            return {key: plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [plain(inner) for inner in value]
        case bytes():
            return b64encode(value).decode()
        case _:
            return None


def _is_set(value: Any) -> bool:
    """Formatting that was taken off again is null; in Quill it may be false."""
    return value is not None and value is not False


def _mark(name: str, value: Any) -> Node:
    overlapping = _OVERLAPPING_MARK.fullmatch(name)
    mark: Node = {"type": overlapping[1] if overlapping else name}
    match value:
        case dict():
            attrs = value
        case True:
            attrs = {}
        case _:
            attrs = {"href" if name == "link" else "value": value}
    return mark | {"attrs": attrs} if attrs else mark
