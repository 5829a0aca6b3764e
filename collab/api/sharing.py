"""What routes need to change who may do what, and to tell those who are connected."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote

from starlette.requests import Request

from collab.api.addresses import base_url
from collab.auth.live import LiveAccess
from collab.interfaces import Clock, Grants, Links


@dataclass(frozen=True, slots=True)
class Sharing:
    """`public_url` is where clients reach the server, if it is not where they call it;
    `notes_app` says whether pages of notes are served."""

    grants: Grants
    links: Links
    live: LiveAccess
    clock: Clock
    public_url: str | None
    notes_app: bool

    @contextmanager
    def change(self, document: str, of: str) -> Iterator[None]:
        """Around a change of rights `of` a user or link: live sessions follow. They look again
        after a failure as well, since what failed may have been committed nevertheless."""
        try:
            yield
        finally:
            self.live.changed(document, of)

    def page_of(self, request: Request, document: str, token: str) -> str | None:
        """The address of a note with a link's token after its `#`, which browsers send to
        nobody; None if there is no page, as below a mount, or no telling where."""
        base = base_url(request, self.public_url)
        if base is None or not self.notes_app or request.scope.get("root_path"):
            return None
        return f"{base}/notes/{quote(document, safe='/')}#link={token}"
