"""`status`: what the running agent wrote, and what can be seen from outside it. Takes no lock and writes nothing."""

from time import time

import msgspec

from agent.adapters.dns.asking import TunnelNames
from agent.adapters.files.enrollment_dir import EnrollmentDir
from agent.adapters.files.state_dir import StateDir
from agent.adapters.linux.tools import Commands
from agent.adapters.platforms import platform
from agent.commands.answers import EXIT_DONE, EXIT_FAILED, Complaints, say
from agent.core import status
from agent.core.status import Status, StatusDns, Statuses
from agent.errors import BundleRefused, StateUnusable, ToolFailed, ToolMissing
from agent.host.roster import Listed, name_servers, named, roster
from agent.host.tunnel.full_tunnel import SEAL_SUFFIX, Seal
from agent.host.tunnel.live import PeerTraffic
from agent.host.tunnel.wanted import desired
from agent.identity.enrollment import Enrollment
from agent.identity.trust import Trust
from agent.settings import StatusSettings
from chalicelib.wire.bundle import Bundle


def run(settings: StatusSettings) -> int:
    state_dir = StateDir(settings.state_dir)
    directories = [state_dir.chosen(settings.network_id)] if settings.network_id else state_dir.enrollments()
    if not directories:
        directories = [state_dir.chosen(None)]  # says that there is none
    shown, has_failed = [], False
    for directory in directories:
        try:
            shown.append(shown_of(directory, asks_names=not settings.is_check))
        except StateUnusable as damaged:  # one enrolment's trouble is not another's
            if len(directories) == 1:
                raise
            Complaints(settings.is_json).fail(damaged)
            has_failed = True
    texts = "\n\n".join(status.text(one) for one in shown)
    answer = shown[0] if len(directories) == 1 else Statuses(shown)
    problems = [(one.network_id, problem) for one in shown for problem in one.problems]
    if settings.is_check:
        texts = "\n".join(f"{network_id}: {problem}" for network_id, problem in problems) or "all is well"
    say(answer, texts, settings.is_json)
    return EXIT_FAILED if has_failed or (settings.is_check and problems) else EXIT_DONE


def shown_of(directory: EnrollmentDir, asks_names: bool = True) -> Status:
    """`asks_names`: of the jump, which may take a second when it is silent."""
    enrollment = directory.enrolled()
    bundle = last_bundle(directory, enrollment)
    is_running = directory.lock.is_held()
    shown = msgspec.structs.replace(
        last_status(directory, enrollment), is_running=is_running, is_down=directory.down() is not None
    )
    if not is_running or shown.is_down:
        shown = msgspec.structs.replace(shown, is_connected=False)
    if not is_running:
        shown = msgspec.structs.replace(shown, pid=None)
    tombstone = directory.tombstone()
    if tombstone is not None and directory.has_ended():
        shown = msgspec.structs.replace(shown, deleted_at=tombstone.deleted_at)
    seen = _seen(enrollment)
    if bundle is not None:
        shown = _with_bundle(shown, bundle, seen, asks_names)
    elif seen is not None:
        shown = msgspec.structs.replace(shown, peers=status.peers_of(seen, {}, time()))
    return status.with_problems(shown)


def last_bundle(directory: EnrollmentDir, enrollment: Enrollment) -> Bundle | None:
    """The last good one."""
    saved = directory.bundle(enrollment, Trust(directory.keyring(enrollment), lambda _: None))
    return saved.bundle if saved is not None else None


def members(bundle: Bundle, home: str | None, asks_names: bool) -> list[Listed]:
    """The roster, with the names that a regular agent has to ask its jump for."""
    listed = roster(bundle, home)
    if not asks_names or bundle.firewall.forward:
        return listed
    asking = TunnelNames(bundle.dns.domain, name_servers(bundle, listed))
    return named(listed, asking.labels(address for one in listed for address in one.addresses[:1]))


def _with_bundle(shown: Status, bundle: Bundle, seen: list[PeerTraffic] | None, asks_names: bool) -> Status:
    listed = members(bundle, shown.home, asks_names and seen is not None)
    known = {one.public_key: one for one in listed if one.public_key is not None}
    home = next((one for one in listed if one.role == "home"), None)
    if shown.revision_applied == 0:  # only `run --once` was here, which leaves no status
        revision = bundle.revision
        shown = msgspec.structs.replace(
            shown, generation=bundle.generation, revision_applied=revision, revision_wanted=revision
        )
    return msgspec.structs.replace(
        shown,
        name=listed[0].name,
        addresses=list(bundle.interface.addresses),
        is_blocked=bundle.is_blocked,
        awaits_approval=bundle.awaits_approval,
        home=home.peer_id if home is not None else None,
        home_name=home.name if home is not None else None,
        seal=seal_of(shown.interface, bundle),
        dns=StatusDns(
            domain=bundle.dns.domain,
            resolvers=[] if bundle.firewall.forward else list(name_servers(bundle, listed)),
            is_served=bundle.firewall.forward,
        ),
        peers=status.peers_of(seen, known, time()) if seen is not None else None,
    )


def _seen(enrollment: Enrollment) -> list[PeerTraffic] | None:
    """As WireGuard sees its peers now; None: it cannot be asked."""
    try:
        return list(platform().traffic(enrollment.interface))
    except ToolFailed:
        return None


def seal_of(interface: str, bundle: Bundle) -> Seal:
    """Whether a host that is to send everything through the tunnel sends nothing beside it."""
    try:
        if not desired(bundle).is_full:
            return "none"
        tables = Commands().run("nft", "list", "tables").split()
    except BundleRefused:
        return "none"
    except ToolMissing:
        return "missing"
    except ToolFailed:
        return "unknown"
    return "sealed" if f"{interface}{SEAL_SUFFIX}" in tables else "missing"


def last_status(directory: EnrollmentDir, enrollment: Enrollment) -> Status:
    """Of the last run of this peer; blank before the first."""
    try:
        last = msgspec.json.decode(directory.status() or b"", type=Status)
    except msgspec.DecodeError:
        return status.blank(enrollment, is_insecure=False, pid=None)
    return last if last.peer_id == enrollment.peer_id else status.blank(enrollment, is_insecure=False, pid=None)
