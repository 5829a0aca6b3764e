"""Reads our HTML with the standard parser and refuses all that is not on a list.

The list is written here again, apart from the code under test, from rules EX10 to EX14.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

_ATTRIBUTES: dict[str, dict[str, str]] = {
    **{
        tag: {}
        for tag in [
            "p",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "blockquote",
            "li",
            "pre",
            "hr",
            "br",
            "table",
            "tbody",
            "tr",
        ]
    },
    **{tag: {} for tag in ["strong", "em", "s", "u", "mark", "sub", "sup"]},
    "code": {"class": r"language-[\w+#.:/@=,-]{1,64}"},
    "ul": {"class": r"tasks"},
    "ol": {"start": r"\d{1,9}", "type": r"[aAiI]"},
    "td": {"colspan": r"\d{1,3}", "rowspan": r"\d{1,3}"},
    "th": {"colspan": r"\d{1,3}", "rowspan": r"\d{1,3}"},
    "input": {"type": r"checkbox", "disabled": r"", "checked": r""},
    "a": {
        "href": r"(?i)((https?|mailto|tel):|[^:]*\Z|[^:]*[/?#]).*",
        "rel": r"noopener noreferrer nofollow",
        "title": r".*",
    },
    "img": {
        "src": r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+=*",
        "alt": r".*",
        "title": r".*",
    },
}
_VOID = {"hr", "br", "img", "input"}
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


class InertReader(HTMLParser):
    """AssertionError on what is not inert, not allowed, or not closed; gathers the text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.opened: list[str] = []
        self.characters: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in _ATTRIBUTES, f"tag {tag}"
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), "an attribute twice"
        for name, value in attrs:
            pattern = _ATTRIBUTES[tag].get(name)
            assert pattern is not None, f"attribute {name} of {tag}"
            assert re.fullmatch(pattern, value or "", re.DOTALL), f"{tag} {name}={value!r}"
        if tag == "a":
            assert "rel" in names
            assert "a" not in self.opened, "a link in a link"
        if tag == "input":
            assert "disabled" in names
        if tag not in _VOID:
            self.opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.opened, f"</{tag}> closes nothing"
        assert self.opened.pop() == tag

    def handle_data(self, data: str) -> None:
        self.characters.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(f"a declaration: {decl}")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(f"a declaration: {data}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"an instruction: {data}")


def read_inert(fragment: str) -> str:
    """The text of a fragment that keeps to the list."""
    assert not _CONTROLS.search(fragment)
    reader = InertReader()
    reader.feed(fragment)
    reader.close()
    assert not reader.opened, f"left open: {reader.opened}"
    return "".join(reader.characters)
