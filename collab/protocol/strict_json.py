"""JSON as every peer understands it: RFC 8259 without what only some parsers accept.

Python's parser alone would let through NaN and Infinity, numbers that overflow to them,
repeated keys, halves of surrogate pairs, and nesting as deep as the stack. The first breaks
browsers, the last three the CRDT library that reads the same bytes after us.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final, NoReturn

from collab.errors import ProtocolError

MAX_DEPTH: Final = 64

_BRACKETS: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]')
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def parse_json(text: str, max_depth: int = MAX_DEPTH) -> Any:
    """The value that `text` spells. Raises ProtocolError."""
    if text.count("[") + text.count("{") > max_depth and _depth(text) > max_depth:
        raise ProtocolError(f"JSON nested deeper than {max_depth}")
    try:
        value = _DECODER.decode(text)
    except ValueError as error:
        raise ProtocolError(f"not strict JSON: {error}") from None
    # Only an escape can spell half a pair: the text itself came from valid UTF-8.
    if "\\u" in text:
        _refuse_lone_surrogates(value)
    return value


def _depth(text: str) -> int:
    """The deepest nesting of `text`, at least as far as a parser gets before an error."""
    depth = deepest = 0
    for match in _BRACKETS.finditer(text):
        bracket = match[0]
        if bracket in ("[", "{"):
            depth += 1
            deepest = max(deepest, depth)
        elif bracket in ("]", "}"):
            depth -= 1
    return deepest


def _refuse_lone_surrogates(value: Any) -> None:
    match value:
        case str() if _SURROGATE.search(value):
            raise ProtocolError("JSON text with half a surrogate pair")
        case list():
            for element in value:
                _refuse_lone_surrogates(element)
        case dict():
            for key, element in value.items():
                _refuse_lone_surrogates(key)
                _refuse_lone_surrogates(element)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("an object repeats a key")
    return members


def _float(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise ValueError(f"number out of range: {digits[:40]}")
    return value


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_float, parse_constant=_constant
)
