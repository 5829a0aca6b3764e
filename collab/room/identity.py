"""What the server itself says of a peer in its awareness state."""

from __future__ import annotations

import json

from collab.access import Access


def stamp(access: Access, state: str) -> str:
    """`state` with `user.id` set to the identity, so that peers cannot pose as each other.

    The name and the colour stay the client's: in open mode everyone names themselves. A state
    without a `user` object, or an access without a user, stays as it is.
    """
    if not access.user:
        return state
    fields = json.loads(state)
    user = fields.get("user")
    if not isinstance(user, dict) or user.get("id") == access.user:
        return state
    return json.dumps({**fields, "user": {**user, "id": access.user}}, separators=(",", ":"))
