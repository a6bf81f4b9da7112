"""From findings to incidents: what is opened, joined and done, once however often a finding comes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from chalicelib.domain.ids import NetworkId, PeerId, Revision
from chalicelib.domain.incident.finding import Finding, Rule
from chalicelib.domain.incident.incident import Block, Incident, State
from chalicelib.domain.incident.listing import IncidentFilter
from chalicelib.domain.incident.rules import DEFAULTS, IncidentType, Reaction, Rules
from tests.application.peers.builders import live, path
from tests.domain.incident.made import a_conflict, a_finding
from tests.world import SimulatedAgent, World


@dataclass
class Scene:
    """A hub that looks at a laptop."""

    world: World
    network: NetworkId
    hub: SimulatedAgent
    laptop: SimulatedAgent

    def take(self, *findings: Finding, rules: Rules = DEFAULTS) -> None:
        self.world.container.incidents.take(self.network, findings, rules)
        self.world.settle()

    def finding(self, rule: Rule = Rule.TAKING_TURNS, t: float = 0, peer: SimulatedAgent | None = None) -> Finding:
        peer_id, hub_id = PeerId((peer or self.laptop).peer_id), PeerId(self.hub.peer_id)
        return a_finding(rule, t, peer_id=peer_id, observer_id=hub_id)

    def incidents(self) -> Sequence[Incident]:
        return self.world.outside.incidents.page(IncidentFilter(), 50).incidents

    def peer(self, peer: SimulatedAgent | None = None) -> dict[str, object]:
        shown: dict[str, object] = self.world.api("GET", path(self.network, (peer or self.laptop).peer_id)).json
        return shown


@pytest.fixture
def scene(world: World) -> Scene:
    network = NetworkId(world.network())
    hub, laptop = world.agent(network, "jump", "hub"), world.agent(network, "dynamic", "laptop")
    live(world, hub, laptop)
    return Scene(world, network, hub, laptop)


def test_a_proof_opens_an_incident_and_blocks_the_peer_in_one_change(scene: Scene) -> None:
    before = scene.world.outside.networks.get(scene.network).revision

    scene.take(scene.finding())

    (incident,) = scene.incidents()
    assert (incident.type, incident.reaction, incident.state) == (
        IncidentType.SHARED_CONFIG,
        Reaction.BLOCK,
        State.OPEN,
    )
    assert incident.block == Block(Revision(before + 1), frozenset({PeerId(scene.hub.peer_id)}))
    assert scene.peer()["blocked_by"] == [incident.id]
    scene.hub.fetch()
    assert scene.hub.bundle is not None
    assert scene.hub.bundle["peers"] == []
    (record,) = scene.world.api("GET", "/audit?action=incident_opened").json["items"]
    assert (record["target"]["id"], record["network_id"]) == (incident.id, scene.network)


def test_a_finding_that_comes_again_changes_nothing_and_a_later_one_joins(scene: Scene) -> None:
    scene.take(scene.finding())
    (first,) = scene.incidents()
    scene.take(scene.finding(), scene.finding())

    assert scene.incidents() == (first,)
    scene.take(replace(scene.finding(t=9), is_later=True))
    (joined,) = scene.incidents()
    assert (joined.id, joined.block) == (first.id, first.block)
    assert joined.entries > first.entries


def test_less_than_a_proof_and_a_shadow_block_nobody(scene: Scene) -> None:
    scene.take(scene.finding(Rule.EARLY_HANDSHAKES))
    scene.take(a_conflict(peer_id=PeerId(scene.laptop.peer_id)), rules=replace(DEFAULTS, shadow=True))

    assert {incident.reaction for incident in scene.incidents()} == {Reaction.ALERT}
    assert {incident.is_shadow for incident in scene.incidents()} == {True, False}
    assert scene.peer()["is_blocked"] is False


def test_a_proof_after_an_alert_blocks_by_the_same_incident(scene: Scene) -> None:
    scene.take(scene.finding(Rule.EARLY_HANDSHAKES))
    scene.take(scene.finding(t=5))

    (incident,) = scene.incidents()
    assert (incident.rule, incident.reaction) == (Rule.TAKING_TURNS, Reaction.BLOCK)
    assert scene.peer()["blocked_by"] == [incident.id]


def test_a_reaction_that_is_off_keeps_nothing(scene: Scene) -> None:
    scene.take(scene.finding(), rules=replace(DEFAULTS, shared_config=Reaction.OFF))

    assert scene.incidents() == ()


def test_a_jump_is_not_blocked_and_the_newcomer_is_heard_no_more(scene: Scene) -> None:
    scene.take(a_conflict(peer_id=PeerId(scene.hub.peer_id)))

    (incident,) = scene.incidents()
    assert (incident.reaction, incident.rejected) == (Reaction.REJECT, frozenset({"instance-b"}))
    assert scene.peer(scene.hub)["is_blocked"] is False


def test_one_jump_has_so_many_peers_blocked_within_an_hour_and_is_accused_beyond(scene: Scene) -> None:
    peers = [scene.world.agent(scene.network, "dynamic", f"peer-{n}") for n in range(DEFAULTS.observer_blocks + 1)]
    scene.world.settle()

    for t, peer in enumerate(peers):
        scene.take(scene.finding(t=t, peer=peer))

    assert [scene.peer(peer)["is_blocked"] for peer in peers] == [True] * DEFAULTS.observer_blocks + [False]
    (accused,) = [incident for incident in scene.incidents() if incident.peer_id == scene.hub.peer_id]
    assert (accused.rule, accused.reaction) == (Rule.MANY_BLOCKS, Reaction.ALERT)
    assert scene.peer(scene.hub)["is_blocked"] is False


def test_findings_about_who_is_gone_are_none(scene: Scene) -> None:
    finding = scene.finding()
    scene.world.api("DELETE", path(scene.network, scene.laptop.peer_id))

    scene.take(finding)
    scene.world.container.incidents.take(NetworkId("net_none"), [finding], DEFAULTS)

    assert scene.incidents() == ()
