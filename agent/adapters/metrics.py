"""Prometheus metrics, by its own client; imported only by an agent that is asked for them.

No label is a peer, so that their number stays the same however large the network is.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from time import time

from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from agent import __version__
from agent.core.status import Status
from agent.errors import ToolFailed
from agent.host.tunnel.live import ALIVE_S, PeerTraffic

logger = logging.getLogger(__name__)


def serve(address: str, port: int, status: Callable[[], Status], seen: Callable[[], Sequence[PeerTraffic]]) -> None:
    """Serve until the process ends. A port that is taken costs the metrics, never the tunnel."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(AgentCollector(status, seen))
    ProcessCollector(registry=registry)
    try:
        start_http_server(port, addr=address, registry=registry)
    except OSError as taken:
        logger.error("metrics_not_served", extra={"port": port, "error": taken.strerror})


@dataclass(frozen=True, slots=True)
class AgentCollector(Collector):
    status: Callable[[], Status]
    seen: Callable[[], Sequence[PeerTraffic]]

    def collect(self) -> Iterable[Metric]:
        status = self.status()
        info = GaugeMetricFamily(
            "wirety_agent_info", "Which peer this is", labels=["version", "network_id", "peer_id", "kind"]
        )
        info.add_metric([__version__, status.network_id, status.peer_id, status.kind], 1)
        yield info
        last_contact = status.last_contact.timestamp() if status.last_contact is not None else 0
        for name, text, value in (
            ("connected", "Whether the control plane is connected", status.is_connected),
            ("insecure", "Whether plain http is allowed", status.insecure),
            ("failing", "Whether something went wrong last, see status", status.last_error is not None),
            ("generation", "Of the bundle in force", status.generation),
            ("revision_applied", "In force", status.revision_applied),
            ("revision_wanted", "The newest the control plane named", status.revision_wanted),
            ("last_contact_timestamp_seconds", "When the control plane last answered, 0: never", last_contact),
            ("route_conflicts", "Prefixes left to the host's own network", len(status.route_conflict)),
            ("forward_conflicts", "Tables of others that drop what is forwarded", len(status.forward_conflict)),
        ):
            yield GaugeMetricFamily(f"wirety_agent_{name}", text, value=float(value))
        yield from self._traffic()

    def _traffic(self) -> Iterable[Metric]:
        try:
            seen = self.seen()
        except ToolFailed:  # no interface now: no figures, and the reconcile will say why
            return
        alive = sum(time() - peer.handshake_at < ALIVE_S for peer in seen)
        yield GaugeMetricFamily("wirety_agent_peers", "In WireGuard", value=len(seen))
        yield GaugeMetricFamily("wirety_agent_peers_alive", "With a handshake in the last 180 s", value=alive)
        for name, value in (("rx", sum(peer.rx for peer in seen)), ("tx", sum(peer.tx for peer in seen))):
            yield GaugeMetricFamily(f"wirety_agent_{name}_bytes", "Of the peers there are now", value=value)
