"""The files that say how Collab is deployed, read as far as the tests need."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "Dockerfile"
COMPOSE = ROOT / "compose.yaml"
CADDY = ROOT / "deploy" / "Caddyfile"
NGINX = ROOT / "deploy" / "nginx.conf"
KUBERNETES = ROOT / "deploy" / "kubernetes" / "collab.yaml"
DASHBOARD = ROOT / "deploy" / "grafana" / "collab.json"
ALL = (DOCKERFILE, COMPOSE, CADDY, NGINX, KUBERNETES)


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text("utf-8"))
    return found


def kubernetes() -> dict[str, dict[str, Any]]:
    """The objects by kind; there is one of each."""
    objects = list(yaml.safe_load_all(KUBERNETES.read_text("utf-8")))
    found = {each["kind"]: each for each in objects}
    assert len(found) == len(objects)
    return found


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's, in order, each on one line."""
    text = re.sub(r"^\s*#.*\n", "", DOCKERFILE.read_text("utf-8"), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(line.split()[0], line.partition(" ")[2].strip()) for line in lines if line.strip()]


@dataclass
class Block:
    """A block of nginx's configuration: its head, directives by name, and the blocks in it."""

    head: str
    directives: dict[str, list[str]] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)

    def inside(self) -> Iterator[Block]:
        for block in self.blocks:
            yield block
            yield from block.inside()

    def the(self, head: str) -> Block:
        (found,) = [block for block in self.inside() if block.head == head]
        return found


def nginx() -> Block:
    """Raises ValueError for braces that do not match."""
    tokens = re.findall(r"'[^']*'|[{};]|[^\s{};']+", _uncommented(NGINX.read_text("utf-8")))
    stack = [Block("")]
    words: list[str] = []
    for token in tokens:
        if token == "{":
            block = Block(" ".join(words))
            stack[-1].blocks.append(block)
            stack.append(block)
        elif token == "}":
            stack.pop()
        elif token == ";":
            stack[-1].directives.setdefault(words[0], []).append(" ".join(words[1:]))
        else:
            words.append(token)
            continue
        words = []
    (whole,) = stack
    return whole


def _uncommented(text: str) -> str:
    return re.sub(r"(^|\s)#.*", "", text)


def seconds(text: str) -> float:
    """`90s`, `5m`, `24h`."""
    return float(text[:-1]) * {"s": 1, "m": 60, "h": 3600}[text[-1]]
