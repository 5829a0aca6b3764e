"""The forms of COLLAB_REDIS_URL, each on real servers, and what is wrong with others."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from collab.errors import ConfigError
from collab.news import Deleted, Missed
from tests.support.backplanes import Ear, redis_end, redis_ends, soon
from tests.support.certificates import self_signed
from tests.support.redis import RedisProcess

NewRedis = Callable[..., RedisProcess]
SECRET = "s3cr3t/@:%"
QUOTED = "s3cr3t%2F%40%3A%25"


async def pass_news(urls: tuple[str, str]) -> None:
    """From a node at one URL to a node at the other."""
    async with redis_ends(urls[0], 1) as (one,), redis_ends(urls[1], 1) as (other,):
        await soon(lambda: one.stats.nodes == other.stats.nodes == 1)
        ear = Ear(other)
        one.publish(Deleted("a"))
        await ear.hears(Deleted("a"))


async def test_a_unix_socket(redis_server: RedisProcess) -> None:
    """[CL15] unix:///path reaches the same Redis as redis://."""
    await pass_news((redis_server.unix_url, redis_server.url))


async def test_a_password(new_redis: NewRedis) -> None:
    """[CL15] of a user or of all, quoted as in any URL."""
    rights = f"ann on >{SECRET} resetchannels &test:news +publish +subscribe"
    redis = new_redis({"requirepass": "plain", "user": rights})
    await pass_news((redis.url, f"redis://ann:{QUOTED}@127.0.0.1:{redis.port}"))


@pytest.mark.parametrize(
    ("user", "complaint"),
    [
        ("", "refuses the user or the password"),
        (":wrong@", "refuses the user or the password"),
        ("deaf:x@", "ACL"),
        ("mute:x@", "ACL"),
        ("elsewhere:x@", "ACL"),
    ],
)
async def test_who_is_not_let_in_does_not_start(
    new_redis: NewRedis, user: str, complaint: str
) -> None:
    """[CL13] a wrong password, and rights that lack a command or the channel."""
    redis = new_redis({"requirepass": "right"})
    for name, rights in (
        ("deaf", "&* +@all -subscribe"),
        ("mute", "&* +@all -publish"),
        ("elsewhere", "resetchannels &other:* +@all"),
    ):
        redis.call("ACL", "SETUSER", name, "on", ">x", *rights.split())
    node = redis_end(f"redis://{user}127.0.0.1:{redis.port}")
    with pytest.raises(ConfigError, match=complaint) as raised:
        await node.start()
    assert "\n" not in str(raised.value)
    assert "right" not in str(raised.value).replace("rights", "")


async def test_a_password_that_changes_is_said_and_tried_again(
    new_redis: NewRedis, caplog: pytest.LogCaptureFixture
) -> None:
    """[CL13] a node that runs is not ended by it; no password is logged."""
    redis = new_redis()
    async with redis_ends(redis.url, 1) as (node,):
        redis.call("CONFIG", "SET", "requirepass", "new")
        redis.password = "new"
        redis.cut_everyone()
        await soon(lambda: "refuses the user or the password" in caplog.text)
        assert not node.connected
        redis.call("CONFIG", "SET", "requirepass", "")
        await soon(lambda: node.connected)
        redis.password = None


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:6379",
        "127.0.0.1:6379",
        "redis://:hunter2/x@127.0.0.1:6379",
        "redis://:hunter2@127.0.0.1:port",
        "redis://:hunter2@127.0.0.1:6379?no_such_option=1",
        "redis://:hunter2@127.0.0.1:6379?health_check_interval=often",
        "redis+sentinel://:hunter2@127.0.0.1:26379",
        "redis+sentinel://:hunter2@127.0.0.1:26379,:1/service",
        "redis+sentinel://:hunter2@127.0.0.1:26379/service/database",
        "redis+cluster://:hunter2@127.0.0.1:6379,",
    ],
)
def test_a_url_of_nothing_is_a_wrong_setting(url: str) -> None:
    """[CL13] one line that names the setting, without what may be a password."""
    with pytest.raises(ConfigError, match="COLLAB_REDIS_URL") as raised:
        redis_end(url)
    assert "\n" not in str(raised.value)
    assert "hunter2" not in str(raised.value)
    assert raised.value.__cause__ is None


# --- TLS -------------------------------------------------------------------------------


@asynccontextmanager
async def encrypted(redis: RedisProcess, certificate: Path) -> AsyncIterator[int]:
    """The port of a TLS end in front of a Redis."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    tasks: set[asyncio.Task[object]] = set()

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.transport.abort()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (task := asyncio.current_task()) is not None:
            tasks.add(task)
        theirs, ours = await asyncio.open_connection("127.0.0.1", redis.port)
        try:
            await asyncio.gather(copy(reader, ours), copy(theirs, writer))
        finally:
            ours.transport.abort()
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_tls(redis_server: RedisProcess, tmp_path: Path) -> None:
    """[CL15] with a certificate that is trusted; another is refused at the start."""
    certificate = self_signed(tmp_path, "127.0.0.1")
    async with encrypted(redis_server, certificate) as port:
        url = f"rediss://127.0.0.1:{port}"
        await pass_news((f"{url}?ssl_ca_certs={certificate}", redis_server.url))
        with pytest.raises(ConfigError, match="certificate"):
            await redis_end(url).start()


async def test_tls_where_there_is_none() -> None:
    """[CL13] is refused at the start, if what is there answers at all."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"-ERR what is this\r\n")
        await reader.read(1)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ConfigError, match="TLS"):
            await redis_end(f"rediss://127.0.0.1:{port}").start()


# --- Sentinel and Cluster ----------------------------------------------------------------


@pytest.fixture
def sentinel(new_redis: NewRedis) -> tuple[RedisProcess, RedisProcess, RedisProcess]:
    """A master, its replica, and a Sentinel that watches them as `notes`."""
    master = new_redis({"requirepass": "pw", "masterauth": "pw"})
    replica = new_redis(
        {"replicaof": f"127.0.0.1 {master.port}", "requirepass": "pw", "masterauth": "pw"}
    )
    watch = new_redis(sentinel=True)
    watch.call("SENTINEL", "MONITOR", "notes", "127.0.0.1", master.port, 1)
    for name, value in (
        ("auth-pass", "pw"),
        ("down-after-milliseconds", 300),
        ("failover-timeout", 1000),
    ):
        watch.call("SENTINEL", "SET", "notes", name, value)
    return master, replica, watch


async def test_sentinel_leads_to_the_new_master(
    sentinel: tuple[RedisProcess, RedisProcess, RedisProcess], new_redis: NewRedis
) -> None:
    """[CL15] found at the start and again after a failover; a Sentinel that is away is passed
    over."""
    master, replica, watch = sentinel
    gone = new_redis()
    gone.kill()
    hosts = f"127.0.0.1:{gone.port},127.0.0.1:{watch.port}"
    async with redis_ends(f"redis+sentinel://:pw@{hosts}/notes", 2) as (one, other):
        assert listeners(master) == 2
        await soon(lambda: len(watch.call("SENTINEL", "SLAVES", "notes")) == 1, 20)
        ear = Ear(other)
        master.kill()
        await ear.until(lambda: ("", Missed()) in ear.heard, 30)
        await soon(lambda: one.connected and other.connected)
        one.publish(Deleted("a"))
        await ear.until(lambda: Deleted("a") in ear.news)
        assert listeners(replica) == 2


def listeners(redis: RedisProcess) -> int:
    """How many connections listen."""
    return int(redis.call("PUBSUB", "NUMSUB", "test:news")[1])


async def test_cluster_carries_news_between_its_nodes(new_redis: NewRedis) -> None:
    """[CL15] any node is as good as any other, and one that is away is passed over."""
    nodes = [new_redis({"cluster-enabled": "yes", "cluster-node-timeout": "2000"}) for _ in "abc"]
    for other in nodes[1:]:
        nodes[0].call("CLUSTER", "MEET", "127.0.0.1", other.port)
    for node in nodes:
        await soon(lambda node=node: linked(node) == 2)  # type: ignore[misc]
    first, second, third = (f"127.0.0.1:{node.port}" for node in nodes)
    urls = f"redis+cluster://{first},{third}", f"redis+cluster://{second}"
    await pass_news(urls)
    nodes[0].kill()
    await pass_news(urls)


def linked(redis: RedisProcess) -> int:
    """Other nodes of its cluster that it has a link to."""
    lines = str(redis.call("CLUSTER", "NODES")).splitlines()
    return sum("connected" in line.split() and "myself" not in line for line in lines)
