"""Tables as rows of columns, for formats without spans."""

from __future__ import annotations

from collections.abc import Sequence

from collab.content.blocks import Cell


def lay_out(rows: Sequence[Sequence[Cell]]) -> list[list[Cell | None]]:
    """Every cell in its column; None where a cell of another place reaches to.

    Spans are left out of account if they would blow the table up beyond proportion.
    """
    cells = sum(len(row) for row in rows)
    limit = 16 * cells + 1024
    grid: list[list[Cell | None]] = []
    reaching: dict[int, int] = {}
    total = 0
    for row in rows:
        line: list[Cell | None] = []
        below: dict[int, int] = {}
        for cell in row:
            while reaching.get(len(line), 0):
                line.append(None)
            start = len(line)
            line.append(cell)
            line.extend([None] * (cell.colspan - 1))
            if cell.rowspan > 1:
                below.update(dict.fromkeys(range(start, len(line)), cell.rowspan - 1))
        total += len(line) + len(reaching)
        if total > limit:
            return [list(row) for row in rows]
        reaching = {column: left - 1 for column, left in reaching.items() if left > 1} | below
        grid.append(line)
    return grid
