"""What a plan tells of its changes: every step in order, the seal around them, and no secret."""

from agent.host.firewall.other_tables import Place
from agent.host.planned import planned
from agent.host.results import PlannedPeer, PlannedStep
from agent.host.tunnel.difference import Memory, difference
from agent.host.tunnel.live import ABSENT
from agent.host.tunnel.steps import Configure, Firewall, RemovePeers, ordered
from agent.host.tunnel.wanted import desired
from tests.agent.builders import a_bundle, a_peer, a_private_key, a_public_key

PSK = a_private_key("psk")
HUB = a_peer("hub", ["10.9.0.1/32", "172.20.0.0/16"], endpoint="vpn.example.com:51820", preshared_key=PSK)
PLAN = difference(ABSENT, desired(a_bundle(peers=[HUB])), a_public_key("me"), Memory())
STEPS = ordered(PLAN, Firewall(None, is_due=False))


def test_the_steps_stand_in_their_order_with_the_seal_first() -> None:
    changes = planned(STEPS, seal="seal")

    assert [step.action for step in changes.steps] == ["seal", "create_interface", "configure", "network"]
    assert changes.is_sealing


def test_a_seal_is_opened_after_all_steps_and_other_firewalls_last() -> None:
    changes = planned(STEPS, seal="unseal", opened=[Place("ip", "filter", "FORWARD")])

    assert changes.steps[-2:] == (
        PlannedStep("unseal"),
        PlannedStep("open_foreign", commands=("chain FORWARD of table ip filter",)),
    )
    assert not changes.is_sealing


def test_the_prefixes_that_would_go_into_the_tunnel_are_told() -> None:
    assert [str(route) for route in planned(STEPS).new_routes] == ["172.20.0.0/16"]


def test_a_configured_peer_shows_that_it_has_a_secret_and_not_which() -> None:
    (configured,) = planned([Configure(PLAN.changes)]).steps

    assert configured.peers == (
        PlannedPeer(
            public_key=HUB.public_key,
            is_new=True,
            allowed_ips=("10.9.0.1/32", "172.20.0.0/16"),
            endpoint="vpn.example.com:51820",
            keepalive_s=0,
            has_preshared_key=True,
        ),
    )
    assert PSK not in repr(configured)


def test_removed_peers_are_told_by_their_keys() -> None:
    assert planned([RemovePeers((HUB.public_key,))]).steps == (PlannedStep("remove_peers", removed=(HUB.public_key,)),)


def test_no_step_is_no_change() -> None:
    assert planned(()).steps == ()
