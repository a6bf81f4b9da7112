"""Who is told of a home that moves, in which order."""

from datetime import timedelta

from tests.application.agents.failover_site import SECOND, Site, gone


def test_bundles_follow_the_mark_and_only_those_who_moved_and_the_jumps_are_told(site: Site) -> None:
    other = site.world.agent(site.network, "dynamic", "other", preferred_jump_id=site.second.peer_id)
    site.world.settle()
    other.connect()
    for agent in (*site.agents, other):
        agent.fetch()
    told = {agent.name: len(agent.hints) for agent in (*site.agents, other)}
    gone(site.first)

    site.accuse(site.left, site.first)
    site.world.live()

    news = {agent.name: len(agent.hints) - told[agent.name] for agent in (*site.agents[1:], other)}
    assert news == {"second": 1, "left": 1, "right": 1, "other": 0}
    for agent in (site.second, site.left, site.right):
        assert agent.fetch().status == 200
        assert agent.fetch_whole().status == 304  # the difference led to the very bundle
    assert site.routes(site.second)[site.left.peer_id] == {"10.0.0.3/32"}
    assert site.routes(site.left)[site.first.peer_id] == set()
    assert "10.0.0.0/24" in site.routes(site.left)[site.second.peer_id]


def test_the_new_home_is_told_first_and_the_others_when_it_has_applied(site: Site) -> None:
    world, clock = site.world, site.world.outside.clock
    world.api(
        "PATCH", f"/networks/{site.network}/peers/{site.left.peer_id}", {"preferred_jump_id": site.second.peer_id}
    )
    change = list(world.outside.tables.changes.values())[-1]
    world.container.plans.plan([change])
    pushes = [push for push in world.outside.queue.messages if push.connections]
    first, later = pushes

    assert [known.holder for known in first.connections] == [site.second.peer_id]
    assert {known.holder for known in later.connections} == {site.first.peer_id, site.left.peer_id}
    assert (later.after, later.until) == ((site.second.peer_id,), clock.now() + SECOND)

    begun = clock.now()
    site.second.send(
        {"type": "applied", "generation": 1, "revision": change.revision, "hash": "h", "ok": True, "ms": 1}
    )
    world.container.deliveries.deliver(later)
    assert clock.now() == begun
    assert site.left.hints[-1] == change.revision


def test_a_peer_that_left_a_dead_home_is_told_together_with_its_new_one(site: Site) -> None:
    world, begun = site.world, site.world.outside.clock.now()
    told = len(site.left.hints)

    site.accuse(site.left, site.first)
    world.live()

    assert site.homes()["left"] == "second"
    assert len(site.left.hints) == told + 1
    assert world.outside.clock.now() == begun


def test_a_new_home_that_does_not_apply_is_waited_for_a_second_at_most(site: Site) -> None:
    path = f"/networks/{site.network}/peers/{site.left.peer_id}"
    site.world.api("PATCH", path, {"preferred_jump_id": site.second.peer_id})
    begun = site.world.outside.clock.now()

    site.world.settle()

    assert timedelta(0) < site.world.outside.clock.now() - begun <= timedelta(seconds=1.05)
    assert len(site.left.hints) == 1
