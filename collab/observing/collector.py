"""What a node counts, as Prometheus' metrics; docs/observability.md has the same table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Final

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from collab.backplane.stats import BackplaneStats
from collab.measuring.histogram import Histogram
from collab.protocol.close import CloseCode
from collab.room.room import Room
from collab.service import Service

PREFIX: Final = "collab_"
WIRES: Final = ("hocuspocus", "yjs", "ysweet")


@dataclass(frozen=True, slots=True)
class ServiceCollector(Collector):
    """Asks a service for what it counts anyway, whenever it is asked itself."""

    service: Service
    restarts: int

    def collect(self) -> Iterable[Metric]:
        version = {metadata.version("collab"): 1}
        yield _labelled(
            GaugeMetricFamily, *("info", "1, with the version of Collab.", "version"), version
        )
        yield _gauge("draining", "Whether the process is stopping.", self.service.registry.draining)
        yield from self._connections()
        yield from self._rooms()
        yield from self._commits()
        yield from self._compactions()
        yield from self._processes()
        yield from self._hooks()
        yield from _backplane(getattr(self.service.backplane, "stats", None))
        connected = self.service.backplane.connected
        yield _gauge("backplane_connected", "Whether news of other nodes can be heard.", connected)

    def _connections(self) -> Iterable[Metric]:
        service, counted = self.service, self.service.admission.stats()
        yield _gauge("connections", "WebSockets that are open.", counted.connections)
        rooms = service.registry.rooms.values()
        yield _labelled(
            GaugeMetricFamily,
            *("sessions", "Peers in documents, by wire.", "wire"),
            _sessions(rooms),
        )
        yield _gauge(
            "outbox_bytes", "What waits for peers that do not read fast enough.", _waiting(rooms)
        )
        yield _labelled(
            CounterMetricFamily,
            "closes",
            "WebSockets, and documents on one, that the server refused or ended, by close code.",
            "code",
            {str(int(code)): service.entrance.closes[code] for code in CloseCode},
        )
        yield _labelled(
            CounterMetricFamily,
            *("http_responses", "Answers to HTTP requests, by status.", "status"),
            {str(status): count for status, count in sorted(service.responses.items())},
        )
        limits = {
            "connections": counted.over_connections,
            "connections_per_user": counted.over_connections_user,
            "connections_per_address": counted.over_connections_address,
            "connect_rate": counted.over_connect_rate,
            "request_rate": counted.over_request_rate,
            "held_back": counted.held_back,
            "rate_patience": counted.closed_too_fast,
        }
        yield _labelled(
            CounterMetricFamily,
            *("limits_reached", "Times that a limit of who may connect or send was reached."),
            *("limit", limits),
        )

    def _rooms(self) -> Iterable[Metric]:
        stats = self.service.registry.stats()
        yield _gauge("rooms", "Documents in memory.", stats.rooms)
        yield _gauge("rooms_failing", "Documents whose last commit failed.", stats.failing_rooms)
        yield _gauge(
            "rooms_quarantined",
            "Documents in memory whose compaction is not tried any more.",
            stats.quarantined,
        )
        yield _gauge("unsaved_bytes", "Edits that are not committed yet.", stats.pending_bytes)
        yield _gauge(
            "unsaved_age_seconds",
            "Since when the oldest edit waits for its commit.",
            stats.unsaved_age,
        )
        yield _counter(
            "merges",
            "Times that a peer that fell behind was sent what it missed as one update.",
            stats.merges,
        )
        yield _counter(
            "resyncs",
            "Times that a peer that fell behind was sent what its state vector lacked.",
            stats.resyncs,
        )
        yield _counter(
            "task_failures",
            "Background tasks that ended by an error that nothing foresaw.",
            stats.task_failures,
        )

    def _commits(self) -> Iterable[Metric]:
        stats, store = self.service.registry.stats(), self.service.store
        yield _counter("commits", "Transactions that saved edits.", stats.commits)
        yield _counter(
            "commit_failures",
            "Transactions that did not, and were tried again.",
            stats.commit_failures,
        )
        yield _histogram("commit_seconds", "How long a transaction took.", store.commit_seconds)
        yield _histogram("commit_rows", "Rows that one transaction wrote.", store.commit_rows)
        yield _histogram(
            "commit_documents", "Documents that one transaction was for.", store.commit_documents
        )
        yield _histogram(
            "load_seconds", "How long the read of a document took.", store.load_seconds
        )

    def _compactions(self) -> Iterable[Metric]:
        stats = self.service.registry.stats()
        yield _counter("compactions", "Documents that were compacted.", stats.compactions)
        yield _counter("compaction_failures", "Compactions that failed.", stats.compaction_failures)
        yield _counter("leases_lost", "Compactions that another node took over.", stats.leases_lost)

    def _processes(self) -> Iterable[Metric]:
        worker = self.service.worker
        yield _gauge("document_workers", "Document workers that run.", len(worker.pids))
        yield _gauge(
            "document_worker_queue", "Requests that wait for a document worker.", worker.waiting
        )
        yield _counter(
            "document_worker_deaths",
            "Document workers that crashed, overran a limit or were ended.",
            worker.deaths,
        )
        yield _counter(
            "worker_restarts",
            "Times that this process of `--workers` had to be started again.",
            self.restarts,
        )
        yield _histogram(
            "event_loop_delay_seconds",
            "How late the event loop woke a task that slept.",
            self.service.delay.seconds,
        )

    def _hooks(self) -> Iterable[Metric]:
        stats = self.service.product.stats()
        yield _counter("hook_failures", "Hooks that raised or took too long.", stats.failures)
        yield _counter(
            "hook_changes_overflown",
            "Times that a document's changes were too many to wait for a hook.",
            stats.changes_overflown,
        )
        yield _counter(
            "hook_peers_skipped",
            "Peers that no hook was told of, because too many waited.",
            stats.peers_skipped,
        )


def _backplane(stats: BackplaneStats | None) -> Iterable[Metric]:
    said = stats or BackplaneStats()
    yield _gauge("backplane_nodes", "Other nodes heard of lately.", said.nodes)
    yield _gauge(
        "backplane_lag_seconds", "What the last message of our own took to come back.", said.lag
    )
    yield _gauge(
        "backplane_waiting_bytes", "News that has not been sent yet, about.", said.waiting_bytes
    )
    for name, meaning, value in (
        ("published", "Pieces of news for other nodes.", said.published),
        ("received", "Pieces of news of other nodes.", said.received),
        ("messages_sent", "Messages that Redis took.", said.messages_sent),
        ("messages_received", "Messages that came from Redis.", said.messages_received),
        ("sent_bytes", "Bytes of messages that Redis took.", said.bytes_sent),
        ("received_bytes", "Bytes of messages that came from Redis.", said.bytes_received),
        ("dropped", "Pieces of news not sent, as Redis was away for too long.", said.dropped),
        ("gaps", "Times that messages of another node did not come.", said.gaps),
        ("refused", "Messages that could not be read.", said.refused),
        ("reconnects", "Connections to Redis that were lost and made again.", said.reconnects),
    ):
        yield _counter(f"backplane_{name}", meaning, value)


def _sessions(rooms: Iterable[Room]) -> Mapping[str, int]:
    counts = dict.fromkeys(WIRES, 0)
    for room in rooms:
        for session in room.sessions:
            wire = session.codec.name
            counts[wire] = counts.get(wire, 0) + 1
    return counts


def _waiting(rooms: Iterable[Room]) -> int:
    """Once for all sessions of a connection."""
    backlogs = {session.outbox.backlog for room in rooms for session in room.sessions}
    return sum(backlog.bytes for backlog in backlogs)


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(PREFIX + name, meaning, float(value))


def _counter(name: str, meaning: str, value: float) -> Metric:
    return CounterMetricFamily(PREFIX + name, meaning, float(value))


def _histogram(name: str, meaning: str, values: Histogram) -> Metric:
    return HistogramMetricFamily(
        PREFIX + name, meaning, buckets=values.cumulative(), sum_value=values.sum
    )


def _labelled(
    kind: type[CounterMetricFamily] | type[GaugeMetricFamily],
    name: str,
    meaning: str,
    label: str,
    values: Mapping[str, float],
) -> Metric:
    family = kind(PREFIX + name, meaning, labels=[label])
    for value, count in values.items():
        family.add_metric([value], float(count))
    return family
