"""What the server itself says of a peer in its awareness state."""

from __future__ import annotations

import json
from typing import Any

from collab.access import Access


def stamp(access: Access, state: str) -> str:
    """`state` with what the server knows of the identity, so that peers cannot pose as each
    other: always `user.id`; of a verified identity the name too, and the colour if it has one.

    Guests name themselves. A guest's state without a `user` object stays as it is, and so does
    one of an access without a user; a verified user's gets that object.
    """
    if not access.user:
        return state
    fields = json.loads(state)
    claimed = fields.get("user")
    if not isinstance(claimed, dict):
        if not access.verified:
            return state
        claimed = {}
    user = {**claimed, **_known(access)}
    if user == claimed:
        return state
    return json.dumps({**fields, "user": user}, separators=(",", ":"), ensure_ascii=False)


def _known(access: Access) -> dict[str, Any]:
    known: dict[str, Any] = {"id": access.user}
    if access.verified:
        if access.name:
            known["name"] = access.name
        if access.color is not None:
            known["color"] = access.color
    return known
