"""Use cases that lose a race on the network's revision, over the engines: decided again, and answered as if alone.

The stores are shared by the tests of this file; each test has a network of its own.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import IPv4Network

import pytest

from chalicelib.adapters.memory.clock_and_chance import MemoryVault
from chalicelib.application.networks.networks import NewNetwork
from chalicelib.application.peers.new_peer import Applicant, NewPeer, PeerCreated, TokenIssued
from chalicelib.bootstrap.container import Container
from chalicelib.bootstrap.outside import Outside
from chalicelib.domain.change.change import Change, What
from chalicelib.domain.change.writes import AdvanceNetwork, Commit
from chalicelib.domain.errors import NetworkNotFound
from chalicelib.domain.identity.principal import Agent
from chalicelib.domain.ids import NetworkId, PrincipalId
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.errors import KeyInUse, PeerNameInUse, PeerNotFound
from chalicelib.domain.peer.key_rotation import ReportedKeys
from chalicelib.domain.peer.patch import PeerPatch
from chalicelib.domain.peer.peer import Kind, Peer
from chalicelib.settings import settings_from
from tests.builders import ADMINISTRATOR, a_key
from tests.contracts.stores import HOST


@dataclass
class Site:
    """A deployment with a network of its own, small enough to run out of fresh addresses.

    `rivals`: so many more reads of the network are each followed by another's change to it.
    """

    outside: Outside
    container: Container
    network: NetworkId
    rivals: int = 0

    def peer(self, name: str, kind: Kind = Kind.DYNAMIC) -> PeerCreated:
        endpoint = "198.51.100.1" if kind is Kind.JUMP else None
        new = NewPeer(name=name, kind=kind, endpoint=endpoint)
        return self.container.creation.create(self.network, new, by=ADMINISTRATOR)

    def enrolled(self, name: str) -> Agent:
        """Its keys are made of its name: wg-NAME, device-NAME."""
        issued = self.peer(name).issued
        assert isinstance(issued, TokenIssued)
        agent = self.container.enrollment.enroll(issued.token, _applicant(name))
        enrollment = self.outside.peers.get(agent.network_id, agent.peer_id).enrollment
        assert enrollment is not None
        return replace(agent, admission=enrollment.admission)

    def stored(self, name: str) -> Peer:
        [found] = [peer for peer in self.outside.peers.all(self.network) if peer.name == name]
        return found

    def race(self) -> None:
        """Have the next read of the network followed by a change of another."""
        self.rivals = 1

    def meanwhile(self, network: Network) -> Network:
        if self.rivals:
            self.rivals -= 1
            later = network.advanced(network.updated_at)
            change = Change(later.id, later.revision, later.updated_at, PrincipalId("rival"), What.NETWORK_UPDATED)
            self.outside.transactions.commit(Commit(change, (AdvanceNetwork(later),)))
        return network


@pytest.fixture
def site(lasting_outside: Outside, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setitem(vars(lasting_outside), "vault", MemoryVault())
    container = Container(settings_from({}), lasting_outside)
    name = f"n-{uuid.uuid4().hex[:8]}"
    [cidr] = container.ipam.suggestions([IPv4Network("10.0.0.0/8")], 6, 1, by=ADMINISTRATOR)
    network = container.networks.create(NewNetwork(name, cidr, None, f"{name}.internal", ()), by=ADMINISTRATOR)
    site = Site(lasting_outside, container, network.id)
    stores = lasting_outside.networks
    read, read_deleting = stores.get, stores.deleting
    monkeypatch.setattr(stores, "get", lambda network_id: site.meanwhile(read(network_id)))

    def deleting(network_id: NetworkId) -> Network | None:
        found = read_deleting(network_id)
        return None if found is None else site.meanwhile(found)

    monkeypatch.setattr(stores, "deleting", deleting)
    return site


def _applicant(name: str) -> Applicant:
    return Applicant(a_key(f"wg-{name}"), a_key(f"device-{name}"), HOST, None)


def test_a_rename(site: Site) -> None:
    peer = site.peer("a").peer
    site.race()

    site.container.peers.update(site.network, peer.id, PeerPatch(name="b"), by=ADMINISTRATOR)

    assert site.stored("b").id == peer.id
    assert site.peer("a").peer.id != peer.id  # the label is free


def test_a_rename_to_a_name_that_is_taken(site: Site) -> None:
    site.peer("taken")
    peer = site.peer("a").peer
    site.race()

    with pytest.raises(PeerNameInUse, match="taken"):
        site.container.peers.update(site.network, peer.id, PeerPatch(name="taken"), by=ADMINISTRATOR)


def test_a_delete(site: Site) -> None:
    peer = site.peer("a").peer
    site.race()

    site.container.peers.delete(site.network, peer.id, by=ADMINISTRATOR)

    with pytest.raises(PeerNotFound):
        site.outside.peers.get(site.network, peer.id)


def test_an_enrolment_on_another_machine(site: Site) -> None:
    agent = site.enrolled("a")
    token = site.container.credentials.reissue_token(site.network, agent.peer_id, by=ADMINISTRATOR)[0].token
    assert token is not None
    site.race()

    site.container.enrollment.enroll(token, _applicant("b"))

    assert site.stored("a").public_key == a_key("wg-b")


def test_an_enrolment_with_a_key_that_is_taken(site: Site) -> None:
    site.enrolled("a")
    agent = site.enrolled("b")
    token = site.container.credentials.reissue_token(site.network, agent.peer_id, by=ADMINISTRATOR)[0].token
    assert token is not None
    site.race()

    with pytest.raises(KeyInUse):
        site.container.enrollment.enroll(token, _applicant("a"))


def test_reports_of_a_second_rotation(site: Site) -> None:
    agent = site.enrolled("a")
    keys = [a_key(f"{site.network} {number}") for number in range(3)]
    for current, following in zip([a_key("wg-a"), *keys], keys, strict=False):
        site.race()
        site.container.rotations.report(agent, ReportedKeys(current, following))
        site.race()
        known = site.container.rotations.report(agent, ReportedKeys(following, None))
        assert known.public_key == following


def test_a_leave(site: Site) -> None:
    agent = site.enrolled("a")
    site.race()

    site.container.enrollment.leave(agent, a_key("device-a"), void_files=False)

    assert site.stored("a").public_key is None


def test_a_name_that_is_taken_where_only_quarantined_addresses_are_left(site: Site) -> None:
    site.peer("taken")
    for number in range(5):
        site.container.peers.delete(site.network, site.peer(f"p{number}").peer.id, by=ADMINISTRATOR)

    with pytest.raises(PeerNameInUse):
        site.peer("taken")
    new = [NewPeer(name=name, kind=Kind.DYNAMIC) for name in ("fresh 1", "taken", "fresh 2")]
    became = site.container.bulk_creation.create(site.network, new, by=ADMINISTRATOR)

    assert [type(one) for one in became] == [PeerCreated, PeerNameInUse, PeerCreated]


def test_a_removal(site: Site) -> None:
    site.enrolled("a")
    site.peer("hub", Kind.JUMP)
    site.race()
    site.container.networks.delete(site.network, by=ADMINISTRATOR, is_forced=True)
    site.race()

    while site.container.removals.step(site.network):
        site.race()

    assert site.outside.networks.deleting(site.network) is None
    with pytest.raises(NetworkNotFound):
        site.outside.networks.get(site.network)


CHANGES: dict[str, Callable[[Site, Peer], object]] = {
    "block": lambda s, p: s.container.peers.block(s.network, p.id, None, by=ADMINISTRATOR),
    "unblock": lambda s, p: s.container.peers.unblock(s.network, p.id, None, by=ADMINISTRATOR),
    "another token": lambda s, p: s.container.credentials.reissue_token(s.network, p.id, by=ADMINISTRATOR),
    "another key": lambda s, p: s.container.rotations.demand(s.network, p.id, False, by=ADMINISTRATOR),
    "other preshared keys": lambda s, _: s.container.networks.renew_psk(s.network, by=ADMINISTRATOR),
    "rules": lambda s, _: s.container.acls.replace(s.network, (), by=ADMINISTRATOR),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_that_deletes_nothing(site: Site, change: str) -> None:
    site.enrolled("a")
    peer = site.stored("a")
    site.race()

    CHANGES[change](site, peer)

    assert site.rivals == 0
