"""Text as Markdown source that parses back to that text, and to nothing else."""

from __future__ import annotations

import re
import string
import unicodedata

# What could open or close something wherever it stands, and no more: prose stays readable.
_SPECIAL = re.compile(
    r"[\\`*\[\]~|]"
    r"|(?<![A-Za-z0-9]{2})_|_(?![A-Za-z0-9]{2})"
    r"|<(?=[A-Za-z/!?]|\Z)"
    r"|&(?=\#?\w+;)"
    r"|!\Z"
    r"|[\n\t]"
    # GFM makes links of bare addresses; the match ends with the sign to escape.
    r"|(?i:(?:https?|ftp):(?=//)|(?:mailto|xmpp):|www\.)"
    r"|(?<=[A-Za-z0-9._+-])@(?=[A-Za-z0-9_-]+\.)"
)
_NUMBER = re.compile(r"(\d{1,9})([.)])(?=\s|\Z)")
_BULLET = re.compile(r"[-+](?![A-Za-z0-9])")
_BACKTICKS = re.compile(r"`+")
_ENTITY = re.compile(r"&(?=#?\w+;)")
_BARE_DESTINATION = re.compile(r"(?:[A-Za-z0-9._~/?#@!$&'*+,;=%:-]|[^\x00-\xa0\s])+\Z")
_AUTOLINK = re.compile(r"https?://[A-Za-z0-9._~/?#@!$&'()*+,;=%:-]+\Z", re.IGNORECASE)
_SEPARATORS = frozenset(string.punctuation + "\n\t")


def escape_text(text: str, start: int = 0, end: int | None = None) -> str:
    """The part of the text from `start` to `end`, anywhere but at the edges of a line."""
    parts: list[str] = []
    end = len(text) if end is None else end
    done = start
    for match in _SPECIAL.finditer(text, start, end):
        found = match.group()
        parts.append(text[done : match.start()])
        parts.append(
            character_reference(found) if found in "\n\t" else f"{found[:-1]}\\{found[-1]}"
        )
        done = match.end()
    if not parts:
        return text[start:end]
    parts.append(text[done:end])
    return "".join(parts)


def escape_block_start(text: str) -> tuple[str, int]:
    """The first characters of a line, such that no block begins there, and how many they are."""
    first = text[0]
    if first in "#>=:" or _BULLET.match(text):
        return f"\\{first}", 1
    number = _NUMBER.match(text)
    if number is not None:
        return f"{number[1]}\\{number[2]}", number.end()
    return "", 0


def character_reference(character: str) -> str:
    return f"&#{ord(character)};"


def is_space(character: str) -> bool:
    """White space by any of the definitions that parsers use."""
    return character.isspace() or character == "\ufeff"


def separates(character: str) -> bool:
    """Punctuation or white space by all definitions that parsers use. Symbols beyond ASCII and
    Unicode's line separator are so by some."""
    if character in _SEPARATORS:
        return True
    category = unicodedata.category(character)
    return category[0] == "P" or category == "Zs"


def is_letter(character: str) -> bool:
    """Neither white space nor punctuation, by all definitions."""
    return unicodedata.category(character)[0] in "LMN"


def code_span(text: str) -> str:
    """Inline code. A newline cannot be in one: it is a space."""
    text = text.replace("\n", " ")
    runs = {len(run) for run in _BACKTICKS.findall(text)}
    length = 1
    while length in runs:
        length += 1
    is_stripped = text[0] == text[-1] == " " and text.strip(" ") != ""
    pad = " " if is_stripped or text[0] == "`" or text[-1] == "`" else ""
    return f"{'`' * length}{pad}{text}{pad}{'`' * length}"


def fence(text: str) -> str:
    """Backticks for a code block, more than any run of them in it."""
    return "`" * max(3, 1 + max((len(run) for run in _BACKTICKS.findall(text)), default=0))


def link_target(href: str, title: str) -> str:
    """What stands between the parentheses of a link or an image."""
    if _BARE_DESTINATION.match(href):
        destination = _ENTITY.sub(r"\\&", href)
    else:
        destination = f"<{_quoted(href, '<>')}>"
    return f'{destination} "{_quoted(title, chr(34))}"' if title else destination


def autolink(href: str) -> str | None:
    """The short form of a link whose text is its address, for the plainest addresses."""
    return f"<{href}>" if _AUTOLINK.match(href) else None


def _quoted(text: str, delimiters: str) -> str:
    escaped = re.sub(rf"[\\{delimiters}]|{_ENTITY.pattern}", r"\\\g<0>", text)
    return escaped.replace("\n", "&#10;").replace("|", "&#124;")
