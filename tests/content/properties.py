"""How the property tests of this directory run: the same examples each time, in bounded time."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings

_BASE = settings(
    derandomize=True,
    deadline=None,
    database=None,
    # Trees are large to draw, and a busy machine is no fault of the code under test.
    suppress_health_check=[HealthCheck.too_slow],
    # The trees of a failure are printed as found: shrinking them takes minutes.
    phases=[Phase.explicit, Phase.generate],
    print_blob=False,
)


def examples(count: int) -> settings:
    """For a test that draws so many trees."""
    return settings(_BASE, max_examples=count)
