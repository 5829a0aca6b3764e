"""Which documents a list may show, as a condition on rows of the catalog."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    bindparam,
    or_,
    select,
    union,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from collab.access import Visibility
from collab.storage.tables import documents, grants

_LAST: Final = "\x7f"
"""Sorts after every character of an id, all of which are printable ASCII."""


FEW: Final = 32
"""Patterns that are written out in the statement: the planner knows how many ids they name."""


class ranges(FunctionElement[Any]):  # noqa: N801 - named as the SQL functions are
    """The rows `low, high` of a JSON list of pairs. One parameter, however many there are:
    databases limit the parameters of a statement and the depth of a condition."""

    inherit_cache = True


@compiles(ranges, "sqlite")
def _ranges_sqlite(element: ranges, compiler: SQLCompiler, **options: Any) -> str:
    pairs = compiler.process(element.clauses, **options)
    return (
        "(SELECT json_extract(value, '$[0]') AS low, json_extract(value, '$[1]') AS high "
        f"FROM json_each({pairs}))"
    )


@compiles(ranges, "postgresql")
def _ranges_postgresql(element: ranges, compiler: SQLCompiler, **options: Any) -> str:
    pairs = compiler.process(element.clauses, **options)
    return (
        "(SELECT value->>0 AS low, value->>1 AS high "
        f"FROM json_array_elements(CAST({pairs} AS json)))"
    )


_LOW_HIGH = ranges(bindparam("ranges", type_=String)).table_valued("low", "high")
_IN_RANGES = select(documents.c.id).join_from(
    _LOW_HIGH,
    documents,
    and_(documents.c.id >= _LOW_HIGH.c.low, documents.c.id <= _LOW_HIGH.c.high),
)
_OWNED = select(documents.c.id).where(documents.c.owner == bindparam("viewer"))
_GRANTED = select(grants.c.document).where(grants.c.user == bindparam("viewer"))


def shown(visible: Visibility | None) -> tuple[ColumnElement[bool] | None, dict[str, object]]:
    """The condition on `documents`, None for no condition, and the values that it needs."""
    if visible is None or "*" in visible.patterns:
        return None, {}
    pairs = list(_pairs(visible.patterns))
    values: dict[str, object] = {"viewer": visible.user}
    fitting: list[Select[Any]] = []
    if len(pairs) > FEW:
        fitting.append(_IN_RANGES)
        values["ranges"] = json.dumps(pairs)
    elif pairs:
        within = [and_(documents.c.id >= low, documents.c.id <= high) for low, high in pairs]
        fitting.append(select(documents.c.id).where(or_(*within)))
    # As a set of ids, each found in an index, and not as a condition on every document.
    return documents.c.id.in_(union(_OWNED, _GRANTED, *fitting)), values


def _pairs(patterns: Iterable[str]) -> Iterable[tuple[str, str]]:
    for pattern in sorted(set(patterns)):
        if pattern.endswith("*"):
            low, high = pattern[:-1], pattern[:-1] + _LAST
        else:
            low = high = pattern
        # What no id can begin with, not every database can even be asked for.
        if low.isascii() and low.isprintable():
            yield low, high
