"""Judges the host itself: kernel, tools, rights, files, firewalls, routes; pure.

Facts are gathered by adapters/examination; None among them means that it could not be found out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent.host.diagnosis.findings import Finding, Level
from agent.host.tunnel.full_tunnel import Seal

PRIVATE = 0o077  # bits that let others in
OTHERS_WRITE = 0o022
OLDEST_NFT = (1, 0, 2)
OLDEST_KERNEL = (5, 10)  # both: agent/README.md; older ones lack parts of what tables are made of


@dataclass(frozen=True, slots=True)
class Kernel:
    """`tun`: whether /dev/net/tun can be opened, None: there is none."""

    has_wireguard: bool
    has_wireguard_go: bool
    has_net_admin: bool
    has_net_raw: bool
    tun: bool | None


def wireguard(kernel: Kernel) -> Iterable[Finding]:
    if kernel.has_wireguard:
        yield Finding("wireguard", "ok", "the kernel has WireGuard")
    elif not kernel.has_wireguard_go:
        yield Finding(
            "wireguard",
            "fail",
            "neither the kernel nor a program has WireGuard: install wireguard-go, or a kernel with it",
        )
    elif kernel.tun:
        yield Finding("wireguard", "ok", "the kernel has no WireGuard; wireguard-go does it in userspace, at more CPU")
    else:
        lacks = "cannot be opened: run as root" if kernel.tun is False else "is missing: load the module tun"
        yield Finding("wireguard", "fail", f"wireguard-go needs /dev/net/tun, which {lacks}, or pass the device in")
    if kernel.has_net_admin:
        yield Finding("rights", "ok", "CAP_NET_ADMIN is there")
    else:
        yield Finding("rights", "fail", "CAP_NET_ADMIN is missing: run as root, or by the systemd unit")
    if not kernel.has_net_raw:
        yield Finding("rights", "warn", "CAP_NET_RAW is missing, so a dead jump is not noticed: grant it to the agent")


def kernel_release(release: str) -> Finding:
    """`release`: as `uname -r` prints it."""
    if () < version_of(release) < OLDEST_KERNEL:
        text = f"Linux {release} is older than {_dotted(OLDEST_KERNEL)}: tables may not load; upgrade the kernel"
        return Finding("kernel", "warn", text)
    return Finding("kernel", "ok", f"Linux {release}")


def tool(name: str, version: str | None, is_needed: bool) -> Finding:
    """`version`: as the tool prints it, None: it is not installed."""
    packages = {"wg": "wireguard-tools", "ip": "iproute2", "nft": "nftables"}
    if version is None:
        level: Level = "fail" if is_needed else "warn"
        why = "" if is_needed else "; a jump and full encapsulation need it"
        return Finding(f"tool_{name}", level, f"{name} is not installed: install {packages[name]}{why}")
    if name == "nft" and () < version_of(version) < OLDEST_NFT:
        return Finding("tool_nft", "warn", f"{version} is older than {_dotted(OLDEST_NFT)}: upgrade nftables")
    return Finding(f"tool_{name}", "ok", version)


def table(what: str, refusal: str | None) -> Finding:
    """Whether this host's nft and kernel take a table. `what`: which one; `refusal`: in nft's words, None: none."""
    if refusal is None:
        return Finding("nft", "ok", f"nft and the kernel take {what}")
    remedy = f"nftables {_dotted(OLDEST_NFT)} and Linux {_dotted(OLDEST_KERNEL)} or later have all of it"
    return Finding("nft", "fail", f"nft does not take {what} ({refusal}): {remedy}")


def ipv6(lacks: str | None) -> Finding:
    """In a network that has it. `lacks`: a sentence on why the tunnel has IPv4 alone; None: it has both."""
    return (
        Finding("ipv6", "ok", "the network has IPv6, and so has the tunnel")
        if lacks is None
        else Finding("ipv6", "warn", lacks)
    )


def forwarding(is_jump: bool, is_enabled: bool | None, is_running: bool) -> Iterable[Finding]:
    if not is_jump:
        return
    if is_enabled:
        yield Finding("forwarding", "ok", "the kernel forwards, as a jump must")
    elif is_running:
        yield Finding(
            "forwarding", "fail", "this is a jump and the kernel does not forward: is /proc/sys writable here?"
        )
    else:
        yield Finding("forwarding", "warn", "the kernel does not forward yet: the agent enables it when it runs")


def foreign_firewalls(sentences: Sequence[str] | None) -> Iterable[Finding]:
    """One sentence for each table of others that drops what a jump forwards."""
    if sentences is None:
        yield Finding("foreign_firewall", "warn", "other firewalls of this host cannot be read: run doctor as root")
    elif not sentences:
        yield Finding("foreign_firewall", "ok", "no other firewall of this host drops what is forwarded")
    for sentence in sentences or ():
        yield Finding("foreign_firewall", "warn", sentence)


def input_firewalls(sentences: Sequence[str] | None) -> Iterable[Finding]:
    """One sentence for each table of others by which peers do not reach a jump."""
    if sentences == []:
        yield Finding("input_firewall", "ok", "no other firewall of this host drops what peers send to it")
    for sentence in sentences or ():
        yield Finding("input_firewall", "warn", sentence)


def conflicts(sentences: Sequence[str]) -> Iterable[Finding]:
    """One sentence for each prefix of the tunnel that is left to the host's own network."""
    if not sentences:
        yield Finding("routes", "ok", "no prefix of the tunnel takes this host's own network")
    for sentence in sentences:
        yield Finding("routes", "warn", f"not routed into the tunnel: {sentence}")


def enrollments(here: str | None, all_ids: Sequence[str], ports: Sequence[int]) -> Iterable[Finding]:
    """`here`: the one examined. `ports`: what the enrolments of this host ask to listen on."""
    if here is None and not all_ids:
        yield Finding("enrollment", "warn", "this host is not enrolled: run wirety-agent enroll")
        return
    if here is None:
        text = f"several enrolments ({', '.join(all_ids)}): choose one by --network to have it examined"
        yield Finding("enrollment", "warn", text)
    else:
        others = [network_id for network_id in all_ids if network_id != here]
        text = f"enrolled in {here}" + (f", beside {', '.join(others)}" if others else "")
        yield Finding("enrollment", "ok", text)
    doubled = sorted({port for port in ports if ports.count(port) > 1})
    if doubled:
        text = (
            f"two enrolments of this host listen on port {', '.join(map(str, doubled))}: give one another listen port"
        )
        yield Finding("listen_port", "fail", text)


def state_dir(path: str, exists: bool, open_paths: Sequence[str] | None) -> Finding:
    """`open_paths`: what others than the owner may read; None: it could not be looked at."""
    if not exists:
        return Finding("state_dir", "ok", f"{path} is not there yet: enroll makes it")
    if open_paths is None:
        return Finding("state_dir", "fail", f"{path} cannot be read: run doctor as its owner, most likely root")
    if open_paths:
        shown = ", ".join(open_paths[:3])
        return Finding(
            "state_dir", "fail", f"others may read {shown}: chmod -R go= {path}; its keys may be known, enrol anew"
        )
    return Finding("state_dir", "ok", f"{path} is its owner's alone")


def running(is_running: bool, has_ended: bool, is_down: bool) -> Finding:
    """`is_down`: the tunnel was taken down by hand."""
    if is_down:
        return Finding("agent", "warn", "the tunnel was taken down: wirety-agent up brings it back")
    if has_ended:
        return Finding("agent", "warn", "the peer was deleted: enrol anew, or wirety-agent leave to forget it")
    if is_running:
        return Finding("agent", "ok", "the agent runs")
    return Finding("agent", "warn", "the agent does not run: systemctl enable --now wirety-agent, or wirety-agent run")


def environment(names: Sequence[tuple[str, str]]) -> Iterable[Finding]:
    """Variables under the names of an earlier release, each with its present name."""
    for former, name in names:
        yield Finding("environment", "warn", f"{former} is called {name} now: rename it where it is set")


def ports(held: Sequence[str], what: str) -> Iterable[Finding]:
    """`held`: in words, who holds a port that the agent needs; `what`: what for."""
    for holder in held:
        text = f"{holder} holds the port that {what} need: stop it, or have it listen on other addresses only"
        yield Finding("port", "fail", text)


def sealed(seal: Seal, is_up: bool, unit: str | None) -> Iterable[Finding]:
    """Of a host that sends everything through the tunnel. `is_up`: its agent runs, and its tunnel was not taken down;
    `unit`: the state of the unit that seals it at boot, None: there is no systemd."""
    if seal == "sealed":
        yield Finding("seal", "ok", "nothing leaves this host beside the tunnel")
    elif seal == "unknown":
        yield Finding("seal", "warn", "whether this host is sealed cannot be read: run doctor as root")
    elif is_up:
        yield Finding(
            "seal", "fail", "full encapsulation is wanted and this host is not sealed: see wirety-agent status"
        )
    if unit is not None and unit not in ("enabled", "static"):
        text = "between boot and the agent's start nothing is sealed: systemctl enable wirety-agent-seal"
        yield Finding("seal_unit", "warn", text)


def networkd(takes: Sequence[str]) -> Iterable[Finding]:
    """`takes`: settings by which a running systemd-networkd takes away what it did not make."""
    if takes:
        text = f"systemd-networkd takes away rules and routes of others when it restarts: set {', '.join(takes)} to no"
        yield Finding("networkd", "warn", f"{text} (wirety-agent install-service ships the file)")


def local_network(refused: Sequence[str]) -> Iterable[Finding]:
    """`refused`: connected subnets so large that full encapsulation does not take them for a local network."""
    if refused:
        text = f"{', '.join(refused)}: too large a public range for a local network, so nothing goes there in the clear"
        yield Finding("local_network", "warn", text)


def version_of(text: str) -> tuple[int, ...]:
    """The first dotted number in a text; empty: there is none."""
    for word in text.replace("-", " ").split():
        parts = word.lstrip("v").split(".")
        if len(parts) > 1 and all(part.isdigit() for part in parts):
            return tuple(map(int, parts))
    return ()


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
