"""docs/access.md at work: its settings, its command, its code, and what its table says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx

from collab.access import Role
from tests.support.server import ServerProcess
from tests.test_docs import ACCESS, DOCUMENTED, FENCE

ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("COLLAB_")},
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
}


def fences(language: str) -> list[str]:
    return [code for found, code in FENCE.findall(ACCESS.read_text("utf-8")) if found == language]


def run(program: list[str], code: str, environ: dict[str, str]) -> str:
    ran = subprocess.run(
        program,
        input=code,
        env={**ENVIRONMENT, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_the_page_works_from_top_to_bottom(tmp_path: Path) -> None:
    """Its settings start a server, which takes the tokens of its command and of its code."""
    turned_on, tried = fences("sh")
    (issuing,) = fences("python")
    *exports, serve = turned_on.splitlines()
    assert serve == "collab serve"
    listing = run(["bash", "-eu"], "\n".join([*exports, "env"]), {})
    environ = dict(re.findall(r"^(COLLAB_\w+)=(.*)$", listing, re.MULTILINE))
    assert environ["COLLAB_AUTH"] == "token"
    with ServerProcess(tmp_path / "data", environ) as server:
        here = server.url.removeprefix("http://")
        shown = run(["bash", "-eu"], tried.replace(DOCUMENTED, here), environ)
        assert '"user":"ann"' in shown.replace(" ", "")
        token = run([sys.executable, "-"], issuing, environ).strip()
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=server.url, headers=headers, trust_env=False) as http:
            assert http.get("/api/me").json()["name"] == "Ann"
            assert http.get("/api/documents/team%2Fplan").status_code == 404
            assert http.get("/api/documents/secret").status_code == 403


def test_the_page_knows_all_roles_and_claims() -> None:
    page = ACCESS.read_text("utf-8")
    roles = re.findall(r"^\| `(\w+)` \|", page.split("## Roles")[1].split("##")[0], re.MULTILINE)
    assert set(roles) == set(Role)
    source = (ACCESS.parents[1] / "collab" / "auth" / "claims.py").read_text("utf-8")
    table = page.split("| Claim |")[1].split("\n\n")[0]
    known = set(re.findall(r'claims(?:\.get\(|, )"(\w+)"', source)) | {"nbf", "iat"}
    assert known == set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (.*?) \|", table, re.M))))
