"""Every command and snippet in the README and in docs/ runs, against a real server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.support.node import node_command
from tests.support.server import ServerProcess

ROOT = Path(__file__).resolve().parent.parent
EMBEDDING = ROOT / "docs" / "embedding.md"
"""Has a server of its own; `tests.embedding.test_page` runs it."""
ACCESS = ROOT / "docs" / "access.md"
"""The same; `tests.auth.test_page` runs it."""
PAGES = [ROOT / "README.md", *sorted({*(ROOT / "docs").glob("*.md")} - {EMBEDDING, ACCESS})]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ILLUSTRATIONS = {"json", "text"}
"""Fences that show output or the shape of something, and hold nothing to run."""
DOCUMENTED = "127.0.0.1:8000"

ENDINGS = {
    "new WebsocketProvider(": """
import * as lib0 from 'lib0/encoding'
provider.messageHandlers[102] = () => process.exit(0)
provider.once('sync', () => setImmediate(() => {
  const message = lib0.createEncoder()
  lib0.writeVarUint(message, 102)
  lib0.writeVarUint8Array(message, new Uint8Array([1]))
  provider.ws.send(lib0.toUint8Array(message))
}))
""",
    "new HocuspocusProvider(": """
provider.on('unsyncedChanges', ({ number }) => {
  if (provider.document.getText('content').length > 0 && number === 0) process.exit(0)
})
""",
    "createYjsProvider(": """
provider.on('local-changes', (unsaved) => {
  if (doc.getText('content').length > 0 && !unsaved) process.exit(0)
})
""",
}
"""Appended to a client's snippet, by what it makes its provider with: it ends once the server has
saved what the snippet wrote."""


@dataclass(frozen=True)
class Snippet:
    page: str
    language: str
    code: str


def snippets() -> Iterator[Snippet]:
    for page in PAGES:
        for language, code in FENCE.findall(page.read_text("utf-8")):
            yield Snippet(page.name, language, code)


def commands() -> Iterator[str]:
    for snippet in snippets():
        if snippet.language == "sh":
            code = snippet.code.replace("\\\n", " ")
            yield from (line for line in code.splitlines() if line and not line.startswith("#"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("docs")) as running:
        for snippet in snippets():
            if snippet.language == "js":
                run_client(snippet.code, running)
            if snippet.language == "python" and DOCUMENTED in snippet.code:
                run_python(snippet.code, running)
        yield running


def run_client(code: str, server: ServerProcess) -> None:
    """Run a snippet; one that makes no provider of its own goes on from the README's."""
    if not any(maker in code for maker in ENDINGS):
        readme = next(s.code for s in snippets() if s.language == "js")
        code = readme.replace("team/plan", "another") + code
    assert DOCUMENTED in code
    (ending,) = (ending for maker, ending in ENDINGS.items() if maker in code)
    program = code.replace(DOCUMENTED, server.url.removeprefix("http://")) + ending
    node = node_command()
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)
    flags = ["--experimental-websocket"] if version.stdout.startswith("v20.") else []
    ran = subprocess.run(
        [node, *flags, "--input-type=module", "-"],
        input=program,
        cwd=ROOT / "tests" / "node",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr


def run_python(code: str, server: ServerProcess) -> None:
    """Run a client in Python to its end."""
    program = code.replace(DOCUMENTED, server.url.removeprefix("http://"))
    ran = subprocess.run(
        [sys.executable, "-"],
        input=program,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr


def run(command: str, server: ServerProcess, folder: Path) -> str:
    """What the command prints, run as documented but against this test's server."""
    program = command.replace(DOCUMENTED, server.url.removeprefix("http://"))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ran = subprocess.run(
        ["bash", "-euc", program],
        cwd=folder,
        env={**os.environ, "PATH": path, "COLLAB_DATA_DIR": str(server.data_dir)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, f"{command}\n{ran.stdout}{ran.stderr}"
    return ran.stdout


def test_every_snippet_is_of_a_kind_that_is_run() -> None:
    known = ILLUSTRATIONS | {"sh", "js", "python"}
    assert not [snippet for snippet in snippets() if snippet.language not in known]


def start(command: str, folder: Path, announces: str) -> None:
    """Run a server as documented, on any free port, until it says that it is there."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "COLLAB_PORT": "0", "COLLAB_DATA_DIR": str(folder)}
    with subprocess.Popen(
        ["bash", "-euc", f"exec env {command}"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if announces in line:
                process.terminate()
        assert any(announces in line for line in said), said


@pytest.mark.parametrize("command", list(commands()))
def test_documented_command_works(command: str, server: ServerProcess, tmp_path: Path) -> None:
    match command.split()[0]:
        case "make":  # these two run everything, this test included
            target = command.split()[-1]
            dry = ["make", "--dry-run", target]
            assert subprocess.run(dry, cwd=ROOT, capture_output=True, check=False).returncode == 0
        case "curl":
            run(command.replace("curl ", "curl --fail-with-body ", 1), server, tmp_path)
        case _ if command.endswith("collab serve"):
            start(command, tmp_path, "Collab is ready at")
        case "uvicorn":
            start(f"{command} --port 0", tmp_path, "Uvicorn running on")
        case "collab":
            run(command, server, tmp_path)
        case other:
            pytest.fail(f"no way to run {other!r} is known")


def test_the_readme_exports_what_its_own_client_wrote(
    server: ServerProcess, tmp_path: Path
) -> None:
    (export,) = [c for c in commands() if "team%2Fplan/content" in c and "format=text" in c]
    assert run(export, server, tmp_path) == "Hello from my own client. "


def test_all_documented_clients_write_into_the_document(server: ServerProcess) -> None:
    query = {"format": "text", "root": "content"}
    content = httpx.get(f"{server.url}/api/documents/team%2Fclients/content", params=query).text
    for client in ("y-websocket", "Hocuspocus", "y-sweet", "pycrdt"):
        assert f"Hello from {client}. " in content
