"""Keys and preshared keys that change on real WireGuard: two interfaces that speak over loopback."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import sleep

import pytest
from msgspec.structs import replace

from agent.adapters.linux.firewall import NftFirewall
from agent.adapters.linux.interface import Device
from agent.adapters.linux.key_in_use import KeyInUse
from agent.adapters.linux.psk_recovery import PskRecovery
from agent.adapters.linux.tools import Commands
from agent.adapters.linux.tunnel import HostTunnel
from agent.host.tunnel.wanted import desired
from chalicelib.wire.bundle import BundlePeer, Pair
from tests.agent.builders import a_bundle, a_peer, a_private_key, a_public_key
from tests.agent.namespace import Namespace

pytestmark = pytest.mark.root

OLD, NEW = a_public_key("secret 1"), a_public_key("secret 2")
TRIES = 300


@dataclass
class End:
    """One interface with one peer, which listens on the other port."""

    inside: Namespace
    tunnel: HostTunnel
    address: str
    port: int

    def __post_init__(self) -> None:
        self.keys, self.psks = KeyInUse(self.tunnel), PskRecovery(self.tunnel)

    def apply(self, peer: BundlePeer) -> None:
        bundle = a_bundle(peers=[peer], addresses=[self.address], listen_port=self.port)
        self.inside.do(lambda: self.tunnel.apply(desired(bundle)))

    def wg(self, what: str) -> str:
        return self.inside.sh(f"wg show {self.tunnel.interface} {what}").strip()

    def shook(self, public_key: str) -> bool:
        return dict(line.split("\t") for line in self.wg("latest-handshakes").splitlines())[public_key] != "0"

    def allowed_ips(self) -> dict[str, str]:
        return dict(line.split("\t") for line in self.wg("allowed-ips").splitlines())


@pytest.fixture
def ends(tmp_path: Path) -> Iterator[tuple[End, End]]:
    with Namespace() as inside:
        made = []
        for name, address, port in (("a", "10.9.0.2/32", 41001), ("b", "10.9.1.2/32", 41002)):
            commands, interface = Commands(), f"wy0000000{name}"
            device = Device(commands, interface, tmp_path / name)
            tunnel = HostTunnel(commands, interface, device, NftFirewall(commands, interface), a_private_key(name))
            made.append(End(inside, tunnel, address, port))
        yield made[0], made[1]
        for end in made:
            inside.do(end.tunnel.remove)


def the_other(name: str, port: int, **fields: object) -> BundlePeer:
    peer = a_peer(name, [f"10.9.{int(name == 'b')}.2/32"], endpoint=f"127.0.0.1:{port}", keepalive=25)
    return replace(peer, **fields)


def until(claim: Callable[[], bool]) -> bool:
    """Whether it comes true within some tries of WireGuard's own."""
    for _ in range(TRIES):
        if claim():
            return True
        sleep(0.1)
    return False


def test_sides_with_different_secrets_find_together_when_one_tries_the_other(ends: tuple[End, End]) -> None:
    a, b = ends
    b.apply(the_other("a", a.port, endpoint=None, persistent_keepalive=0, preshared_key=NEW))
    a.apply(the_other("b", b.port, preshared_key=OLD, other_preshared_key=NEW))

    is_tried = until(lambda: a.inside.do(a.psks.try_others))
    is_healed = until(lambda: a.shook(a_public_key("b")))

    assert is_tried
    assert is_healed
    assert a.wg("preshared-keys").split("\t")[1] == NEW


def test_the_prefixes_follow_a_peer_to_its_staged_key_and_it_is_heard(ends: tuple[End, End]) -> None:
    a, b = ends
    staged = Pair(public_key=a_public_key("b next"), preshared_key=NEW)
    present = the_other("b", b.port, preshared_key=OLD, staged=staged)
    a.apply(present)
    b.apply(the_other("a", a.port, preshared_key=OLD, next_preshared_key=NEW))
    assert until(lambda: a.shook(present.public_key))
    before = a.allowed_ips()
    sleep(1.1)  # handshakes have whole seconds

    b.inside.do(lambda: b.tunnel.use_key(a_private_key("b next")))
    other = the_other("a", a.port, preshared_key=OLD, next_preshared_key=NEW)
    bundle = a_bundle(peers=[other], addresses=[b.address], listen_port=b.port, staged_key=staged.public_key)
    b.inside.do(lambda: b.tunnel.apply(desired(bundle, staged.public_key)))
    is_carried = until(lambda: a.inside.do(a.keys.carry))

    assert is_carried
    assert before == {present.public_key: "10.9.1.2/32", staged.public_key: "(none)"}
    assert a.allowed_ips() == {present.public_key: "(none)", staged.public_key: "10.9.1.2/32"}
    assert not a.inside.do(a.keys.carry)
