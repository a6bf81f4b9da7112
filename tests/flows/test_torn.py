"""A configuration is of one revision, whole, or there is none."""

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.adapters.memory.adversary import Adversary
from chalicelib.domain.bundle.bundle import Bundle
from chalicelib.domain.errors import Refusal
from chalicelib.domain.ids import NetworkId, PeerId
from chalicelib.domain.network.acl import AclRule, Anything, OfTag
from tests.builders import ADMINISTRATOR, a_key
from tests.world import SimulatedAgent, World

PEERS = 250  # three pages of the memory store
DENY = AclRule(Anything(), OfTag("web"), False)


class Lab:
    """A network of several pages, and what may happen to it between two of them."""

    def __init__(self) -> None:
        self.adversary = Adversary()
        self.world = World(self.adversary)
        network = self.world.network(cidr="10.0.0.0/16")
        self.network = NetworkId(network)
        self.hub, self.web = self.world.agent(network, "jump", "hub"), self.world.agent(network, "dynamic", "web")
        peers = [{"kind": "static", "name": f"p{n}", "public_key": a_key(n), "tags": ["web"]} for n in range(PEERS)]
        assert self.world.api("POST", f"/networks/{network}/peers/bulk", {"peers": peers}).json["created"] == PEERS
        self.known = self.world.outside.peers.page(self.network, None, PEERS + 2)
        self._made = 0

    def of(self, agent: SimulatedAgent) -> Bundle:
        return self.world.container.bundles.tunnels.of(self.network, PeerId(agent.peer_id))

    def create(self) -> None:
        self._made += 1
        body = {"kind": "static", "name": f"new {self._made}", "public_key": a_key(f"new {self._made}")}
        assert self.world.api("POST", f"/networks/{self.network}/peers", body).status == 201

    def route(self) -> None:
        self._made += 1
        fields = {"additional_allowed_ips": [f"172.20.{self._made}.0/24"]}
        assert self.world.api("PATCH", self._one(self.web.peer_id), fields).status == 200

    def delete_first(self) -> None:
        self._delete(0)

    def delete_last(self) -> None:
        self._delete(-1)

    def block(self) -> None:
        assert self.world.api("POST", self._one(self.known[PEERS // 2].id) + "/block").status == 200

    def move(self) -> None:
        self._made += 1
        assert self.world.api("PATCH", f"/networks/{self.network}", {"cidr": f"10.{self._made}.0.0/16"}).status == 409
        assert self.world.api("PATCH", f"/networks/{self.network}", {"dns": [f"9.9.9.{self._made}"]}).status == 200

    def rule(self) -> None:
        self._made += 1
        rules = (DENY,) * self._made
        self.world.container.acls.replace(self.network, rules, ADMINISTRATOR)

    def _one(self, peer_id: str) -> str:
        return f"/networks/{self.network}/peers/{peer_id}"

    def _delete(self, at: int) -> None:
        statics = [peer for peer in self.known if peer.id.startswith("sta_")]
        gone = statics[at]
        self.known.remove(gone)
        assert self.world.api("DELETE", self._one(gone.id)).status == 204


HAPPENINGS: dict[str, Callable[[Lab], None]] = {
    name: getattr(Lab, name) for name in ("create", "route", "delete_first", "delete_last", "block", "move", "rule")
}


@pytest.fixture
def lab() -> Lab:
    return Lab()


@pytest.mark.parametrize("happening", HAPPENINGS.values(), ids=HAPPENINGS.keys())
def test_what_changes_between_two_pages_is_in_the_bundle_whole(lab: Lab, happening: Callable[[Lab], None]) -> None:
    lab.adversary.meanwhile = [lambda: happening(lab)]

    torn = lab.of(lab.hub)

    lab.adversary.meanwhile = []
    assert torn == lab.of(lab.hub)


def test_everything_changing_between_all_pages_is_in_the_bundle_whole(lab: Lab) -> None:
    happen = [lab.create, lab.route, lab.delete_first, lab.block, lab.rule, lab.delete_last, lab.move]
    lab.adversary.meanwhile = list(happen)

    torn = lab.of(lab.hub)

    lab.adversary.meanwhile = []
    assert torn == lab.of(lab.hub)


@pytest.mark.parametrize("happening", HAPPENINGS.values(), ids=HAPPENINGS.keys())
@pytest.mark.parametrize("after", ["get", "jumps", "routers"])
def test_a_regular_peers_bundle_is_whole_too(lab: Lab, happening: Callable[[Lab], None], after: str) -> None:
    lab.route()
    peers, original = lab.world.outside.peers, getattr(lab.world.outside.peers, after)
    once = [happening]

    def moved(*args: Any) -> Any:
        answer = original(*args)
        while once:
            once.pop()(lab)
        return answer

    setattr(peers, after, moved)
    torn = lab.of(lab.web)

    setattr(peers, after, original)
    assert torn == lab.of(lab.web)


@pytest.mark.parametrize("agent", ["hub", "web"])
@pytest.mark.parametrize(
    ("store", "call"),
    [
        ("networks", "get"),
        ("networks", "acl"),
        ("peers", "get"),
        ("peers", "all"),
        ("peers", "jumps"),
        ("peers", "routers"),
        ("changes", "between"),
        ("vault", "open"),
    ],
)
@pytest.mark.parametrize("nth", [1, 2])
def test_a_call_that_fails_gives_no_smaller_bundle(lab: Lab, agent: str, store: str, call: str, nth: int) -> None:
    lab.route()
    lab.rule()
    whole = lab.of(getattr(lab, agent))
    broken, original = getattr(lab.world.outside, store), getattr(getattr(lab.world.outside, store), call)
    calls: list[int] = []

    def failing(*args: Any) -> Any:
        calls.append(1)
        if len(calls) == nth:
            raise ConnectionError(call)
        return original(*args)

    setattr(broken, call, failing)
    try:
        bundle = lab.of(getattr(lab, agent))
    except ConnectionError:
        return
    assert len(calls) < nth  # it was not needed that often
    assert bundle == whole


def test_a_gap_in_the_log_is_busy_not_torn(lab: Lab) -> None:
    lab.adversary.meanwhile = [lab.create]
    tables, between = lab.world.outside.tables, lab.world.outside.changes.between

    def gappy(*args: Any) -> Any:
        return between(*args)[1:]

    lab.world.outside.changes.between = gappy  # type: ignore[method-assign, assignment]

    with pytest.raises(Refusal, match="Many callers"):
        lab.of(lab.hub)
    assert tables.networks[lab.network].revision > 1


def test_a_peer_deleted_while_its_bundle_is_read_has_none(lab: Lab) -> None:
    lab.adversary.meanwhile = []
    jumps, once = lab.world.outside.peers.jumps, [1]

    def deleted(network_id: NetworkId) -> Any:
        found = jumps(network_id)
        while once:
            once.pop()
            lab.world.api("DELETE", f"/networks/{lab.network}/peers/{lab.web.peer_id}")
        return found

    lab.world.outside.peers.jumps = deleted  # type: ignore[method-assign]

    with pytest.raises(Refusal, match="no peer"):
        lab.of(lab.web)
