"""Who may call what: the table that the census tries and docs/api.md shows.

`python -m tests.api.rights` prints it as the page has it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import Enum
from typing import Final

from collab.access import Role

ROLES: Final = (Role.VIEWER, Role.COMMENTER, Role.EDITOR, Role.OWNER)
"""Lowest first."""


class Least(Enum):
    """What a caller needs."""

    IDENTITY = "identity"
    CREATE = "create"
    VIEWER = Role.VIEWER
    EDITOR = Role.EDITOR
    OWNER = Role.OWNER

    def allows(self, role: Role | None, *, may_create: bool = False) -> bool:
        """Whether it is enough to have `role` in the document, or none."""
        match self:
            case Least.IDENTITY:
                return True
            case Least.CREATE:
                return may_create
            case _:
                assert isinstance(self.value, Role)
                return role is not None and role.rank >= self.value.rank


@dataclass(frozen=True, slots=True)
class Call:
    """A request as the census makes it: `body` is sent as JSON, or as it is if it is bytes.
    `status` is that of an answer to who may. `lent` says that a role is also enough if it comes
    from a grant or a link, which can be taken back."""

    request: str
    least: Least
    status: int = 200
    body: object = None
    lent: bool = True

    @property
    def method(self) -> str:
        return self.request.partition(" ")[0]

    @property
    def path(self) -> str:
        return self.request.partition(" ")[2]


CALLS: Final = (
    Call("GET /api/me", Least.IDENTITY),
    Call("GET /api/documents", Least.IDENTITY),
    Call("POST /api/documents", Least.CREATE, 201, {"title": "New"}),
    Call("GET /api/documents/{id}", Least.VIEWER),
    Call("GET /api/documents/{id}/content", Least.VIEWER),
    Call("PATCH /api/documents/{id}", Least.EDITOR, 200, {"title": "Other"}),
    Call("DELETE /api/documents/{id}", Least.OWNER, 204),
    Call("GET /api/documents/{id}/grants", Least.OWNER),
    Call("PUT /api/documents/{id}/grants/{user}", Least.OWNER, 200, {"role": "owner"}),
    Call("DELETE /api/documents/{id}/grants/{user}", Least.OWNER, 204),
    Call("GET /api/documents/{id}/links", Least.OWNER),
    Call("POST /api/documents/{id}/links", Least.OWNER, 201, {"role": "viewer"}),
    Call("DELETE /api/documents/{id}/links/{link}", Least.OWNER, 204),
    Call("POST /doc/new", Least.CREATE),
    Call("POST /doc/{id}/auth", Least.EDITOR, lent=False),
    Call("GET /d/{id}/as-update", Least.VIEWER),
    Call("POST /d/{id}/update", Least.EDITOR, 200, b"\x00\x00"),
    Call("GET /check_store", Least.IDENTITY),
    Call("POST /check_store", Least.IDENTITY),
)


def table() -> str:
    """`CALLS` in Markdown."""
    head = ["Request", *ROLES]
    lines = [_line(head), "|---" * len(head) + "|"]
    lines += [_line([f"`{call.request}`", *_cells(call)]) for call in CALLS]
    return "\n".join(lines)


def _cells(call: Call) -> list[str]:
    if call.least is Least.CREATE:
        return ["`create`"] * len(ROLES)
    return ["yes" if call.least.allows(role) else "" for role in ROLES]


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |".replace("|  |", "| |").replace("|  |", "| |")


if __name__ == "__main__":
    sys.stdout.write(table() + "\n")
