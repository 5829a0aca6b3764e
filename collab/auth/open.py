"""Open mode: whoever reaches the server edits, as a guest.

What keeps it from being open to more than that is where a browser's request comes from: see
`collab.auth.sites`.
"""

from __future__ import annotations

from random import Random

from collab.access import Access, Credentials, Identity, Role
from collab.auth.sites import Sites


class OpenAuthorizer:
    """`collab.interfaces.Authorizer` without accounts. `random` names the guests."""

    def __init__(self, sites: Sites, random: Random) -> None:
        self._sites = sites
        self._random = random

    async def identify(self, credentials: Credentials) -> Identity:
        """Everyone who passes the checks of Host and Origin is a guest with a name."""
        self._sites.check(credentials)
        number = self._random.getrandbits(64)
        return Identity(f"guest-{number:016x}", guest_name(number), may_create=True)

    async def access(self, identity: Identity, document: str | None) -> Access:
        """Every guest owns every document."""
        return Access(identity.user, identity.name, Role.OWNER, identity.may_create)


def guest_name(number: int) -> str:
    """What a guest is called who brought no name: `Guest 4711`."""
    return f"Guest {number % 9000 + 1000}"
