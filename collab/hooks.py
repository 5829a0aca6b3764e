"""What a product that embeds Collab can have a say in.

Subclass `Hooks`, override what you need, and hand an instance to `collab.app.create_app`.
"""

from __future__ import annotations


class Hooks:
    """Every method may be left as it is."""
