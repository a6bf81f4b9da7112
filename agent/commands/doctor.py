"""`doctor`: gather the facts of this host and its enrolment, judge them, print, 0 or 1."""

import contextlib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_interface, ip_network
from urllib.parse import urlsplit

import msgspec

from agent.adapters import examination
from agent.adapters.files.enrollment_dir import EnrollmentDir
from agent.adapters.files.state_dir import StateDir
from agent.adapters.linux import ipv6, services
from agent.adapters.linux.other_tables import ForeignTables, legacy
from agent.adapters.linux.routes import IpRoute
from agent.adapters.linux.tools import Commands
from agent.bundle.received import Fetched
from agent.commands.status import seal_of
from agent.errors import AgentError, BundleRefused, EnrollmentMissing, StateUnusable, ToolFailed, ToolMissing
from agent.host.diagnosis import findings, host, paths
from agent.host.diagnosis.findings import Finding
from agent.host.firewall.nftables import Table
from agent.host.firewall.ruleset import Surroundings, table
from agent.host.prefixes import Prefix
from agent.host.tunnel.full_tunnel import DNS_PORT, seal
from agent.host.tunnel.local_network import is_local, local_network
from agent.host.tunnel.route_conflicts import HostRoutes, sent_to, without_conflicts
from agent.host.tunnel.wanted import WantedTunnel, desired, endpoints_asked
from agent.identity.enrollment import Enrollment
from agent.identity.trust import Trust
from agent.settings import DoctorSettings, given
from chalicelib.wire.bundle import Bundle

EXIT_UNHEALTHY = 1
TOOLS = ("wg", "ip", "nft")


@dataclass(frozen=True, slots=True)
class Examined:
    """The enrolment looked at, as far as there is one."""

    directory: EnrollmentDir | None = None
    enrollment: Enrollment | None = None
    bundle: Bundle | None = None

    @property
    def is_jump(self) -> bool:
        return self.bundle is not None and self.bundle.firewall.forward

    @property
    def listen_port(self) -> int | None:
        return self.bundle.interface.listen_port if self.bundle is not None else None

    @property
    def networks(self) -> Sequence[Prefix]:
        """Of the tunnel's addresses."""
        addresses = self.bundle.interface.addresses if self.bundle is not None else ()
        return [ip_interface(text).network for text in addresses]

    @property
    def is_dual(self) -> bool:
        """Whether the network gives this peer IPv6."""
        return self.bundle is not None and any(":" in text for text in self.bundle.interface.addresses)

    @property
    def lacks_ipv6(self) -> str | None:
        """Why this host's tunnel cannot have the IPv6 that the network gives it; None: it can, or there is none."""
        if self.enrollment is None or self.bundle is None or not self.is_dual:
            return None
        return ipv6.lacking(self.enrollment.interface, self.bundle.interface.mtu)

    @property
    def has_ipv6(self) -> bool:
        return self.is_dual and self.lacks_ipv6 is None


def run(settings: DoctorSettings) -> int:
    report = findings.report(_findings(settings))
    print(msgspec.json.encode(report).decode() if settings.is_json else findings.text(report))
    return 0 if report.is_healthy else EXIT_UNHEALTHY


def _findings(settings: DoctorSettings) -> Iterable[Finding]:
    root = settings.state_dir
    is_open = root.exists()
    reachable = examination.open_paths(root) if is_open else []
    yield host.state_dir(str(root), is_open, reachable)
    examined, found = _examined(settings) if reachable is not None else (Examined(), [])
    yield from found
    yield from host.environment(given.former(os.environ))
    yield from host.wireguard(examination.kernel())
    yield host.kernel_release(examination.release())
    for tool in TOOLS:
        yield host.tool(tool, examination.version(tool), is_needed=tool != "nft" or examined.is_jump)
    if examined.is_dual:
        yield host.ipv6(examined.lacks_ipv6)
    if examined.directory is not None:
        is_running = examined.directory.lock.is_held()
        is_down = examined.directory.down() is not None
        yield host.running(is_running, examined.directory.has_ended(), is_down)
        yield from _sealed(examined, is_running and not is_down)
        yield from _ports(examined, examined.directory.lock.holder() if is_running else None)
        if examined.enrollment is not None:
            forwards = examination.forwards(examined.enrollment.interface, examined.has_ipv6)
            yield from host.forwarding(examined.is_jump, forwards, is_running)
    if examined.is_jump and examined.enrollment is not None:
        tables = ForeignTables(Commands(), examined.enrollment.interface)
        networks = examined.networks
        yield from host.foreign_firewalls(_said(lambda: [*tables.sentences(networks), *legacy()]))
        yield from host.input_firewalls(_said(lambda: tables.shut(examined.listen_port, networks)))
    server = examined.enrollment.server if examined.enrollment is not None else settings.server
    if server is not None:
        yield from map(paths.name, examination.names([("the control plane", _host_of(server))]))
        if (seen := examination.tls(server)) is not None:
            yield paths.tls(*seen)
        yield from paths.control_plane(server, examination.answer(server))
    if examined.enrollment is not None and examined.bundle is not None:
        yield from _tunnel(examined.enrollment, examined.bundle)
        is_running = examined.directory is not None and examined.directory.lock.is_held()
        yield from _handshakes(examined.enrollment, examined.bundle, is_running)


def _sealed(examined: Examined, is_up: bool) -> Iterable[Finding]:
    if examined.enrollment is None or examined.bundle is None:
        return
    seal = seal_of(examined.enrollment.interface, examined.bundle)
    if seal != "none":
        yield from host.sealed(seal, is_up, services.seal_unit_state(Commands()))
        yield from host.networkd(services.what_networkd_takes(Commands()))


def _ports(examined: Examined, own: int | None) -> Iterable[Finding]:
    """`own`: the agent's process id, None: none runs."""
    if (port := examined.listen_port) is not None:
        yield from host.ports(examination.held_by_others(port, ("udp",), own), "tunnels")
    if examined.is_jump:
        yield from host.ports(examination.held_by_others(DNS_PORT, ("udp", "tcp"), own), "peers' questions for names")


def _examined(settings: DoctorSettings) -> tuple[Examined, list[Finding]]:
    state_dir = StateDir(settings.state_dir)
    found = state_dir.enrollments() if settings.state_dir.exists() else []
    ids = [directory.path.name for directory in found]
    bundles = [_bundle(directory) for directory in found]
    ports = [one.interface.listen_port for one in bundles if one is not None and one.interface.listen_port is not None]
    try:
        directory = state_dir.chosen(settings.network_id) if found else None
        enrollment = directory.enrollment() if directory is not None else None
    except EnrollmentMissing:
        directory = enrollment = None
    except StateUnusable as damaged:
        return Examined(), [Finding("enrollment", "fail", str(damaged))]
    here = directory.path.name if directory is not None and enrollment is not None else None
    bundle = _bundle(directory) if directory is not None else None
    return Examined(directory, enrollment, bundle), list(host.enrollments(here, ids, ports))


def _bundle(directory: EnrollmentDir) -> Bundle | None:
    try:
        enrollment = None if directory.has_ended() else directory.enrollment()
        saved = _saved(directory, enrollment) if enrollment is not None else None
    except AgentError:
        return None
    return saved.bundle if saved is not None else None


def _saved(directory: EnrollmentDir, enrollment: Enrollment) -> Fetched | None:
    return directory.bundle(enrollment, Trust(directory.keyring(enrollment), lambda _: None))


def _said(look: Callable[[], Sequence[str]]) -> Sequence[str] | None:
    """What tables of others do; None: they cannot be read."""
    try:
        return look()
    except ToolFailed:
        return None


def _tunnel(enrollment: Enrollment, bundle: Bundle) -> Iterable[Finding]:
    """The names and paths of endpoints, and what the host's own network takes from the tunnel."""
    names = {peer.public_key: peer.peer_id for peer in bundle.peers}
    for key, endpoint in endpoints_asked(bundle).items():
        if endpoint is None:
            continue
        yield from map(paths.name, examination.names([(f"the endpoint of {names[key]}", endpoint.host)]))
        path = examination.path(names[key], endpoint, bundle.interface.mtu)
        if path is not None:
            yield paths.mtu(path)
    try:
        wanted = desired(bundle)
        local = IpRoute(Commands(), enrollment.interface).routes().host
    except (BundleRefused, ToolFailed) as failed:
        yield Finding("routes", "warn", f"routes cannot be compared: {failed}")
        return
    yield from host.conflicts(without_conflicts(wanted, local, sent_to(wanted, {}, {}))[1])
    yield from _tables(enrollment.interface, wanted, local)
    if wanted.is_full:
        yield from host.local_network(
            [str(subnet) for subnet in sorted(local.subnets, key=str) if not is_local(subnet)]
        )


def _tables(interface: str, wanted: WantedTunnel, local: HostRoutes) -> Iterable[Finding]:
    """Whether nft and the kernel take what the agent would load."""
    made: list[tuple[str, Table]] = []
    if wanted.is_forwarding:
        around = Surroundings(interface, wanted.mtu, frozenset(ip_network(one.ip) for one in wanted.addresses))
        made.append(("the table of a jump", table(wanted.policy, around)))
    if wanted.is_full:
        made.append(
            (
                "the seal of full encapsulation",
                seal(interface, local_network(local.subnets, wanted, (), {}), wanted.resolvers),
            )
        )
    for what, one in made:
        with contextlib.suppress(ToolMissing):  # which is a finding already
            yield host.table(what, examination.refusal(one))


def _handshakes(enrollment: Enrollment, bundle: Bundle, is_running: bool) -> Iterable[Finding]:
    """With peers that this host speaks to first and keeps speaking to: jumps, as a rule."""
    kept = {peer.public_key: peer.peer_id for peer in bundle.peers if peer.endpoint and peer.persistent_keepalive}
    if kept and is_running and not bundle.is_blocked:
        with contextlib.suppress(ToolFailed):  # the interface may be on its way
            yield from map(paths.handshake, examination.handshakes(enrollment.interface, kept))


def _host_of(server: str) -> str:
    return urlsplit(server).hostname or server
