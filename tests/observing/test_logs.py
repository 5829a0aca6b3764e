"""What a real server logs: ids in every line of a connection, and no secret in any."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from collab.access import Role
from collab.protocol.close import CloseCode
from tests.support.peer import peer
from tests.support.redis import free_port
from tests.support.server import ServerProcess
from tests.support.tokens import SECRET, TOKEN_MODE, token
from tests.test_cli import environment

HUSH = "hush-hush-hush"
JSON = {"COLLAB_LOG_FORMAT": "json", "COLLAB_LOG_LEVEL": "debug"}


def lines(log: str, logger: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in log.splitlines()]
    return [line for line in found if line["logger"].startswith(logger)]


async def test_lines_of_connections(tmp_path: Path) -> None:
    """[MT10] connection and document in all, also of who is refused; no token, link or query."""
    ada = token("ada", {"team/*": Role.OWNER}, create=True)
    eve = token("eve")
    redis = f"redis://:{HUSH}@127.0.0.1:{free_port()}/0"
    environ = {**TOKEN_MODE, **JSON, "COLLAB_REDIS_URL": redis, "COLLAB_METRICS_TOKEN": 2 * HUSH}
    with ServerProcess(tmp_path / "data", environ) as server:
        async with peer(server.ws_url, f"team/plan?token={ada}&link=lnk_{HUSH}") as ann:
            await ann.join()
            await ann.type("hello")
            await ann.saved()
        for bearer in (eve, HUSH):
            async with peer(server.ws_url, f"team/plan?token={bearer}") as stranger:
                code = await stranger.close_code()
                assert code in (CloseCode.FORBIDDEN, CloseCode.UNAUTHORIZED)
        async with httpx.AsyncClient(base_url=server.url) as http:
            await http.get(f"/api/documents/team%2Fplan?token={ada}")
            await http.get("/metrics", headers={"Authorization": f"Bearer {2 * HUSH}"})
            await http.get(f"/{HUSH[:4]}?link={HUSH}")
        server.terminate()
        log = server.log()
    connections = [line for line in lines(log, "collab.transport") if "connection" in line]
    assert [line["message"] for line in connections] == ["joined", "left", "refused", "refused"]
    assert all(line["document"] == "team/plan" for line in connections)
    joined, left, denied, unknown = (line["connection"] for line in connections)
    assert joined == left
    assert len({joined, denied, unknown}) == 3
    assert [line["code"] for line in connections[1:]] == [None, 4403, 4401]
    assert lines(log, "collab.access")[0]["status"] == 200
    for secret in (HUSH, SECRET, ada, ada.rpartition(".")[2], eve.rpartition(".")[2], "?token"):
        assert secret not in log


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://collab:{HUSH}@127.0.0.1:1/collab",
        f"postgresql://collab:{HUSH}@nowhere.invalid/collab",
        f"mysql://collab:{HUSH}@127.0.0.1/collab",
        f"postgresql://collab:{HUSH}@[::1/collab",
        f"{HUSH}",
    ],
)
def test_a_database_that_cannot_be_reached(tmp_path: Path, url: str) -> None:
    """[MT10] is named without its password."""
    _refused(tmp_path, COLLAB_DATABASE_URL=url)


@pytest.mark.parametrize(
    "url", [f"redis://:{HUSH}@[::1/0", f"http://:{HUSH}@127.0.0.1/0", f"redis://:{HUSH}@h:port/0"]
)
def test_a_redis_url_that_is_none(tmp_path: Path, url: str) -> None:
    """[MT10] is not repeated."""
    _refused(tmp_path, COLLAB_REDIS_URL=url)


def _refused(data: Path, **environ: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "collab", "serve"],
        env=environment(data, COLLAB_PORT="0", **JSON, **environ),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in (1, 2), done
    assert HUSH not in done.stdout + done.stderr
    assert done.stderr.splitlines()[-1].startswith("collab: ")
