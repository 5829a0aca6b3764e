"""What a start does not pay for: modules that are imported by those who need them alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

PRINT = "\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"

BUILD = """
from pathlib import Path
from collab import create_app, load_settings
create_app(load_settings(data_dir=Path(sys.argv[1])))
"""

SERVE = """
import asyncio
from pathlib import Path
from collab import Service, load_settings

async def main():
    service = Service(load_settings(data_dir=Path(sys.argv[1])))
    await service.start()
    await service.aclose()

asyncio.run(main())
"""

FRAMEWORKS = {"alembic", "fastapi", "httpx", "joserfc", "pycrdt", "pydantic", "sqlalchemy"}
"""Nothing of these comes with the bare package."""

OTHERS = {
    "alembic",  # migrations
    "cryptography",  # token mode
    "httpx",  # a key set behind a URL
    "joserfc",  # token mode
    "opentelemetry.sdk",  # traces
    "prometheus_client",  # who asks for metrics
    "redis",  # other nodes
    "sqlalchemy.dialects.postgresql",  # PostgreSQL
    "sqlalchemy.ext.asyncio",  # PostgreSQL
    "sqlalchemy.orm",  # nobody
}
"""Nothing of these comes with a server in open mode on a SQLite file that is current."""


def modules_after(program: str, directory: Path) -> set[str]:
    """The modules of a process that has run `program`."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("COLLAB_")}
    command = [sys.executable, "-c", f"import sys\n{program}{PRINT}", str(directory)]
    done = subprocess.run(command, env=env, capture_output=True, check=True, timeout=100)
    return set(json.loads(done.stdout))


def test_the_package_brings_no_framework(tmp_path: Path) -> None:
    assert not modules_after("import collab", tmp_path) & FRAMEWORKS


def test_an_open_server_on_sqlite_brings_no_other_mode(tmp_path: Path) -> None:
    assert not modules_after(BUILD, tmp_path) & OTHERS


def test_migrations_are_for_databases_that_need_them(tmp_path: Path) -> None:
    assert "alembic" in modules_after(SERVE, tmp_path)
    assert not modules_after(SERVE, tmp_path) & OTHERS
