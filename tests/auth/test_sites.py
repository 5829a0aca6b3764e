"""Where pages may come from, with a public URL."""

from __future__ import annotations

from pathlib import Path

import pytest

from collab.access import Credentials
from collab.auth.origins import parse_origin
from collab.auth.sites import Sites
from collab.errors import AccessDenied, ConfigError
from collab.service import Service
from collab.settings import load_settings

PUBLIC = parse_origin("https://collab.shop.example")


def admits(sites: Sites, host: str, origin: str | None = None) -> bool:
    try:
        sites.check(Credentials(None, origin, host, ""))
    except AccessDenied:
        return False
    return True


@pytest.mark.parametrize("bound", ["0.0.0.0", "127.0.0.1"])
def test_the_public_url_is_the_servers_own_name(bound: str) -> None:
    """[AC3] a product lists its pages, and the server answers to its own name beside."""
    sites = Sites(bound, [parse_origin("https://shop.example")], PUBLIC)
    assert admits(sites, "collab.shop.example")
    assert admits(sites, "collab.shop.example", "https://shop.example")
    assert admits(sites, "collab.shop.example", "https://collab.shop.example")
    assert not admits(sites, "collab.shop.example", "https://evil.example")
    assert not admits(sites, "rebound.example", "https://shop.example")


def test_a_public_url_makes_other_names_no_worse() -> None:
    """[AC3] only listed origins make names strict on a network."""
    assert admits(Sites("0.0.0.0", [], PUBLIC), "notes.lan")
    assert not admits(Sites("127.0.0.1", [], PUBLIC), "notes.lan")


@pytest.mark.parametrize("url", ["collab.example", "ftp://x", "https://", "https://a:b"])
def test_a_public_url_is_a_url(url: str, tmp_path: Path) -> None:
    """[ID24] or the server does not start."""
    with pytest.raises(ConfigError, match="COLLAB_PUBLIC_URL"):
        Service(load_settings(public_url=url, data_dir=tmp_path))
