"""What close codes mean to a client."""

from __future__ import annotations

from collab.protocol.close import CloseCode

PERMANENT = {
    CloseCode.MALFORMED,
    CloseCode.UNAUTHORIZED,
    CloseCode.FORBIDDEN,
    CloseCode.GONE,
    CloseCode.FULL,
    CloseCode.UNPLACEABLE,
    CloseCode.EARLY,
}


def test_permanent_codes() -> None:
    """[PR18] the codes from 4400 to 4499 but 4408: connecting again is no use."""
    assert {code for code in CloseCode if 4400 <= code <= 4499} - {CloseCode.TIMEOUT} == PERMANENT


def test_codes_of_the_protocol() -> None:
    """[PR19] [PR20] [PR21] every code is one that WebSocket gives a meaning, or one of ours."""
    assert {code.value for code in CloseCode} == {
        *(1000, 1003, 1009, 1011, 1012, 1013),
        *(4400, 4401, 4403, 4404, 4408, 4413, 4414, 4415),
        *(4503, 4508, 4529),
    }
