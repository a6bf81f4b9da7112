"""The rule of homes without the control plane comes to what the control plane would say."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from agent.host.tunnel.home_failover import home_among, rehomed
from chalicelib.domain.peer.peer import Kind
from chalicelib.entrypoints.shapes.bundles import shown
from chalicelib.wire.bundle import Bundle
from tests.domain.populations import Population, populations


def routes(bundle: Bundle) -> dict[str, set[str]]:
    return {section.peer_id: set(section.allowed_ips) for section in bundle.peers}


def asked(bundle: Bundle) -> list[str]:
    """Whom a regular agent asks for names by IPv4; of a jump, everybody that its own zone forwards to."""
    return [text for text in bundle.dns.resolvers if ":" not in text]


def test_the_first_that_is_not_dead_carries_and_the_first_of_all_when_all_are() -> None:
    assert home_among(["a", "b", "c"], {"a"}) == "b"
    assert home_among(["a", "b", "c"], {"b"}) == "a"
    assert home_among(["a", "b"], {"a", "b"}) == "a"
    assert home_among([], {"a"}) is None


@given(populations(), st.data())
def test_agents_alone_route_as_the_control_plane_would_with_the_jump_marked(
    population: Population, data: st.DataObject
) -> None:
    """But for the CIDRs behind jumps, which stay where they are, and files, whose home is fixed."""
    jumps = [replace(jump, additional_allowed_ips=()) for jump in population.jumps]
    peers = (*jumps, *population.regular)
    unmarked = [jump.id for jump in population.hubs if jump.id not in population.network.down]
    if len(unmarked) < 2:
        return
    population = replace(population, peers=peers)
    dead = data.draw(st.sampled_from(unmarked))
    marked = replace(population, network=replace(population.network, down=population.network.down | {dead}))
    for peer in population.peers:
        if peer.kind is Kind.STATIC or not peer.is_listed or peer.id == dead or dead in peer.avoids:
            continue
        if any(len(set(unmarked) - {dead} - other.avoids) == 0 for other in population.regular):
            continue  # all are marked for somebody: whom the dead one would have carried is tried in its order
        before, after = (shown(one.bundle(peer), 1, "key") for one in (population, marked))
        alone = rehomed(before, {dead})
        assert routes(alone) == routes(after), peer.id
        assert asked(alone) == asked(after), peer.id


@given(populations(), st.data())
def test_no_prefix_stands_twice_and_none_is_lost(population: Population, data: st.DataObject) -> None:
    dead = data.draw(st.frozensets(st.sampled_from([jump.id for jump in population.jumps]))) if population.jumps else ()
    for peer in population.peers:
        if peer.kind is Kind.STATIC or not peer.is_listed:
            continue
        before = shown(population.bundle(peer), 1, "key")
        after = rehomed(before, dead)

        told = sorted(prefix for section in after.peers for prefix in section.allowed_ips)
        assert len(told) == len(set(told))
        if not peer.is_jump:
            assert told == sorted(prefix for section in before.peers for prefix in section.allowed_ips)
