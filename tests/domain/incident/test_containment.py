"""What follows from a finding: never a jump's block, never more than an observer may decide."""

from dataclasses import replace

import pytest

from chalicelib.domain.ids import NetworkId, PeerId
from chalicelib.domain.incident.containment import Decision, Held, block_limit, decided, is_admissible
from chalicelib.domain.incident.finding import Finding
from chalicelib.domain.incident.rules import DEFAULTS, Reaction, changed
from tests.domain.incident.facts import PARIS, a_look, a_pair, findings
from tests.domain.incident.test_detection import CONFLICT

SHARED = next(one for one in findings(a_pair()) if one.is_proof)
ALERT = findings([a_look(t, handshake=t) for t in range(0, 100, 20)])[0]
TWICE = findings(CONFLICT)[0]
LAB = NetworkId("net_lab")


def of_a_jump(finding: Finding) -> Finding:
    return replace(finding, peer_id=PeerId("jmp_london"))


@pytest.mark.parametrize("finding", [SHARED, TWICE])
def test_a_proof_blocks(finding: Finding) -> None:
    assert decided(finding, DEFAULTS, 0, 10) == Decision(Reaction.BLOCK, Reaction.BLOCK)


def test_signs_alert_and_no_more() -> None:
    assert decided(ALERT, DEFAULTS, 0, 10) == Decision(Reaction.ALERT, Reaction.ALERT, Held.SIGNS_ONLY)


@pytest.mark.parametrize("reaction", list(Reaction))
def test_the_reaction_is_that_of_the_rules(reaction: Reaction) -> None:
    assert decided(SHARED, changed(DEFAULTS, {"shared_config": reaction}), 0, 10).reaction is reaction


def test_a_jump_is_not_blocked() -> None:
    assert decided(of_a_jump(TWICE), DEFAULTS, 0, 10) == Decision(Reaction.REJECT, Reaction.REJECT, Held.JUMP)


def test_a_shadow_says_what_would_have_been_done() -> None:
    shadow = changed(DEFAULTS, {"shadow": True})

    assert decided(SHARED, shadow, 0, 10) == Decision(Reaction.ALERT, Reaction.BLOCK, Held.SHADOW)
    assert decided(of_a_jump(TWICE), shadow, 0, 10) == Decision(Reaction.ALERT, Reaction.REJECT, Held.SHADOW)


@pytest.mark.parametrize(("peers", "limit"), [(0, 3), (79, 3), (80, 4), (10_000, 500)])
def test_an_observer_may_block_three_or_five_of_a_hundred(peers: int, limit: int) -> None:
    beyond = Decision(Reaction.ALERT, Reaction.BLOCK, Held.OBSERVER_LIMIT, accuses_observer=True)

    assert block_limit(peers, DEFAULTS) == limit
    assert decided(SHARED, DEFAULTS, limit - 1, peers).reaction is Reaction.BLOCK
    assert decided(SHARED, DEFAULTS, limit, peers) == beyond


def test_what_the_gateway_proved_itself_has_no_limit() -> None:
    assert decided(TWICE, DEFAULTS, 1000, 10).reaction is Reaction.BLOCK


def test_only_a_jumps_word_about_other_peers_of_its_network_counts() -> None:
    peer_id = PeerId("sta_phone")

    assert is_admissible(PARIS.id, LAB, False, peer_id, LAB)
    assert not is_admissible(PARIS.id, LAB, True, peer_id, LAB)
    assert not is_admissible(PARIS.id, NetworkId("net_other"), False, peer_id, LAB)
    assert not is_admissible(PARIS.id, LAB, False, PARIS.id, LAB)
    assert not is_admissible(PeerId("dyn_laptop"), LAB, False, peer_id, LAB)
