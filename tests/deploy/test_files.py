"""The deployment files fit the server, and each other."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from collab.settings import Settings, load_settings
from tests.deploy.files import (
    ALL,
    CADDY,
    DOCKERFILE,
    ROOT,
    compose,
    instructions,
    kubernetes,
    nginx,
    seconds,
)
from tests.support.server import ServerProcess

SETTINGS = {f"COLLAB_{name.upper()}" for name in Settings.model_fields}
OF_COMPOSE = {"COLLAB_SITE"}
"""What only compose.yaml and the proxy know."""
PORT, METRICS_PORT = 8000, 9100
WIRES = ("/ws/", "/hocuspocus", "/d/")
ENOUGH = 3 * load_settings().heartbeat_seconds
"""Seconds after which a connection on which nothing moved is dead: pings go both ways."""
STOP_SECONDS = 15
"""What a stop takes at most: the drain, the peers' parting, requests under way."""


@pytest.mark.parametrize("file", ALL, ids=lambda file: file.name)
def test_every_variable_is_a_setting(file: Path) -> None:
    named = set(re.findall(r"\bCOLLAB_[A-Z_]+\b", file.read_text("utf-8")))
    assert named <= SETTINGS | OF_COMPOSE


@pytest.mark.parametrize("file", ALL, ids=lambda file: file.name)
def test_no_secret_is_written_down(file: Path) -> None:
    text = file.read_text("utf-8")
    for name, value in re.findall(r"(\w*(?:PASSWORD|SECRET|TOKEN)\w*): (.+)", text):
        assert value.startswith("${"), name
    for password in re.findall(r"://\w*:([^@\s]+)@", text):
        assert password.startswith("${")


# --- The image -------------------------------------------------------------------------


def test_the_image_runs_as_nobody_in_particular() -> None:
    given = dict(instructions()[-12:])
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", given["USER"])
    assert given["STOPSIGNAL"] == "SIGTERM"
    assert json.loads(given["ENTRYPOINT"]) == ["collab"]
    assert json.loads(given["CMD"]) == ["serve"]
    assert given["EXPOSE"] == str(PORT)
    assert f"COLLAB_PORT={PORT}" in given["ENV"]
    bases = [text.split()[0] for name, text in instructions() if name == "FROM"]
    assert all(base.endswith("-slim") for base in bases)


def test_what_the_image_copies_is_there_and_not_ignored() -> None:
    allowed = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert allowed[1] == "*"
    for name, text in instructions():
        if name == "COPY" and not text.startswith("--from"):
            for source in text.split()[:-1]:
                assert (ROOT / source).exists(), source
                assert f"!{source.removeprefix('./')}" in allowed
    for private in (".env", "data", ".git", "tests", "benchmarks"):
        assert not any(fnmatch(private, line[1:]) for line in allowed if line.startswith("!"))


def test_the_image_knows_whether_the_server_lives(tmp_path: Path) -> None:
    given = dict(instructions())["HEALTHCHECK"]
    command = json.loads(given.partition("CMD ")[2])
    assert command[0] == "python"
    command[0] = sys.executable  # outside the image there may be none of that name
    with ServerProcess(tmp_path / "data") as server:
        environ = {**os.environ, "COLLAB_PORT": str(server.port)}
        assert subprocess.run(command, env=environ, timeout=20, check=False).returncode == 0
        server.kill()
        dead = subprocess.run(command, env=environ, timeout=20, capture_output=True, check=False)
        assert dead.returncode == 1


# --- Compose ---------------------------------------------------------------------------


def test_compose_has_two_nodes_and_what_they_need() -> None:
    services = compose()["services"]
    nodes = [services["node1"], services["node2"]]
    for node in nodes:
        assert node["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
        assert node["init"] is True
        assert seconds(node["stop_grace_period"]) >= STOP_SECONDS
        assert set(node["expose"]) == {str(PORT), str(METRICS_PORT)}
        assert "ports" not in node
        environment = node["environment"]
        assert environment["COLLAB_METRICS_PORT"] == str(METRICS_PORT)
        assert environment["COLLAB_DATABASE_URL"].startswith("postgresql://collab:")
        assert environment["COLLAB_REDIS_URL"].startswith("redis://")
    migrate = services["migrate"]
    assert migrate["command"] == ["migrate"]
    assert migrate["environment"]["COLLAB_DATABASE_URL"] == environment["COLLAB_DATABASE_URL"]
    for name in ("postgres", "redis"):
        assert "healthcheck" in services[name]
        assert "ports" not in services[name]
    assert (
        compose()["networks"]["inside"]["ipam"]["config"][0]["subnet"]
        == (environment["COLLAB_TRUSTED_PROXIES"])
    )
    started = {k: v for k, v in environment.items() if "${" not in v and k.startswith("COLLAB_")}
    names = {name.removeprefix("COLLAB_").lower(): value for name, value in started.items()}
    load_settings(**names)


def test_the_proxy_of_compose_knows_its_nodes() -> None:
    for name in ("node1", "node2"):
        assert f"{name}:{PORT}" in CADDY.read_text("utf-8")
    mounted = compose()["services"]["proxy"]["volumes"][0].split(":")[0]
    assert (ROOT / mounted).samefile(CADDY)


# --- Proxies ---------------------------------------------------------------------------


def test_nginx_passes_sockets_on() -> None:
    whole = nginx()
    (server,) = [b for b in whole.inside() if b.head == "server" and len(b.blocks) > 1]
    headers = dict(text.split(" ", 1) for text in server.directives["proxy_set_header"])
    assert headers["Host"] == "$http_host"
    assert headers["Upgrade"] == "$http_upgrade"
    assert headers["Connection"] == "$connection_upgrade"
    assert headers["X-Forwarded-For"] == "$remote_addr"
    assert server.directives["proxy_http_version"] == ["1.1"]
    upgrade = whole.the("map $http_upgrade $connection_upgrade").directives
    assert upgrade == {"default": ["upgrade"], "''": ["''"]}
    for path in WIRES:
        location = server.the(f"location {path}").directives
        assert location["proxy_pass"] == ["http://collab"], "%2F in ids must stay"
        assert seconds(location["proxy_read_timeout"][0]) >= ENOUGH
        assert seconds(location["proxy_send_timeout"][0]) >= ENOUGH
        assert location["proxy_buffering"] == ["off"]
        assert "proxy_set_header" not in location, "it would undo those of the server"
    assert server.the("location = /metrics").directives["return"] == ["404"]
    nodes = whole.the("upstream collab").directives
    assert all(f":{PORT} " in node for node in nodes["server"])
    assert "ip_hash" not in nodes
    largest = int(server.directives["client_max_body_size"][0].removesuffix("m")) * 2**20
    assert largest > load_settings().first_sync_bytes
    (log,) = whole.the("http").directives["log_format"]
    assert "$uri" in log
    assert "$request_uri" not in log
    assert "$request " not in log
    assert "$args" not in log


def test_caddy_passes_sockets_on() -> None:
    text = CADDY.read_text("utf-8")
    assert re.search(r"^\treverse_proxy node1:8000 node2:8000 \{$", text, re.MULTILINE)
    assert re.search(r"^\t\thealth_uri /readyz$", text, re.MULTILINE)
    assert re.search(r"^\trespond /metrics 404$", text, re.MULTILINE)
    (timeout,) = re.findall(r"^\t\tstream_timeout (\w+)$", text, re.MULTILINE)
    assert seconds(timeout) > ENOUGH
    assert text.count("{") == text.count("}")


# --- Kubernetes ------------------------------------------------------------------------


def pods() -> dict[str, dict[str, Any]]:
    found = kubernetes()
    return {kind: found[kind]["spec"]["template"]["spec"] for kind in ("Deployment", "Job")}


def test_kubernetes_probes_and_stops_as_the_server_does() -> None:
    pod = pods()["Deployment"]
    (container,) = pod["containers"]
    paths = {name: container[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness")}
    assert {each["path"] for each in paths.values()} == {"/healthz"}
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports == {"http": PORT, "metrics": METRICS_PORT}
    (pause,) = re.findall(
        r"sleep\((\d+)\)", container["lifecycle"]["preStop"]["exec"]["command"][2]
    )
    assert pod["terminationGracePeriodSeconds"] >= int(pause) + STOP_SECONDS
    data = kubernetes()["ConfigMap"]["data"]
    assert data["COLLAB_METRICS_PORT"] == str(METRICS_PORT)
    load_settings(**{name.removeprefix("COLLAB_").lower(): value for name, value in data.items()})


@pytest.mark.parametrize("kind", ["Deployment", "Job"])
def test_kubernetes_gives_no_rights(kind: str) -> None:
    pod = pods()[kind]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert f"USER {pod['securityContext']['runAsUser']}:" in DOCKERFILE.read_text("utf-8")
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    for variable in container["env"]:
        assert variable["name"] in SETTINGS
        assert variable["valueFrom"]["secretKeyRef"]["name"] == "collab"


def test_kubernetes_keeps_one_node() -> None:
    found = kubernetes()
    labels = found["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert found["Deployment"]["spec"]["replicas"] >= 2
    assert found["Deployment"]["spec"]["selector"]["matchLabels"] == labels
    assert found["Service"]["spec"]["selector"] == labels
    assert "sessionAffinity" not in found["Service"]["spec"]
    assert found["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    assert found["PodDisruptionBudget"]["spec"]["minAvailable"] >= 1
    assert found["Job"]["spec"]["template"]["metadata"]["labels"] != labels
