"""docs/embedding.md at work: its product on uvicorn, its client, its command."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.node import node_command
from tests.test_docs import DOCUMENTED, EMBEDDING, FENCE, ROOT

END = "\nprovider.on('stateless', () => process.exit(0))\n"
"""Appended to the client: it ends with the product's answer."""


def fences() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for language, code in FENCE.findall(EMBEDDING.read_text("utf-8")):
        found.setdefault(language, []).append(code)
    return found


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COLLAB_")}
    return {**kept, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


@contextmanager
def product(command: str, folder: Path) -> Iterator[tuple[str, list[str]]]:
    """The product of the page; gives its address, and what it says, whole once it has ended."""
    said: list[str] = []
    with subprocess.Popen(
        ["bash", "-euc", f"exec {command} --port 0"],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                said.append(line)
                if "Uvicorn running on http://" in line:
                    break
            else:
                raise AssertionError(said)
            yield said[-1].split("http://")[1].split()[0], said
        finally:
            process.terminate()
            said += process.stdout.readlines()


def client(code: str, address: str) -> str:
    """What the client of the page prints."""
    node = node_command()
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)
    flags = ["--experimental-websocket"] if version.stdout.startswith("v20.") else []
    ran = subprocess.run(
        [node, *flags, "--input-type=module", "-"],
        input=code.replace(DOCUMENTED, address) + END,
        cwd=ROOT / "tests" / "node",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_the_page_s_product(tmp_path: Path) -> None:
    """[HK1] [HK4] [HK6] [HK10] [HK12] as a reader of the page would run it."""
    found = fences()
    assert set(found) == {"python", "sh", "js", "text"}
    (program,), (serve, ask), (script,) = found["python"], found["sh"], found["js"]
    (tmp_path / "product.py").write_text(program)
    with product(serve.strip(), tmp_path) as (address, said):
        assert client(script, address) == "Ann, editor\n"
        curl = ask.strip().replace("curl ", "curl --silent --fail-with-body ", 1)
        read = subprocess.run(
            ["bash", "-euc", curl.replace(DOCUMENTED, address)],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert read.stdout == "A new plan. More of it. "
    log = "".join(said)
    assert "team/plan is at 2: ('ann',)" in log
    assert "session-of-ann" not in log
    assert "Application shutdown complete." in log
    assert "Traceback" not in log
