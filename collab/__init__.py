"""Collab: a self-hosted backend for collaborative documents."""
