"""A network's peers by pages that are filtered: whatever the sizes, each wanted peer once and no other."""

import pytest

from chalicelib.application.peers import peer_pages
from chalicelib.domain.identity.principal import Role
from tests.world import World


def filled(world: World) -> str:
    """A network with nine dynamic peers, every third tagged, one of them blocked; an enrolled jump; all but it new."""
    network = world.network()
    world.agent(network, "jump", "hub")
    for number in range(9):
        body = {"kind": "dynamic", "name": f"Host {number}", "tags": ["lab"] if number % 3 == 0 else []}
        assert world.api("POST", f"/networks/{network}/peers", body).status == 201
    [last] = [peer for peer in world.api("GET", f"/networks/{network}/peers").json["items"] if peer["name"] == "Host 8"]
    assert world.api("POST", f"/networks/{network}/peers/{last['id']}/block").status < 300
    return network


def walked(world: World, network: str, asked: str, limit: int, token: str | None = None) -> list[str]:
    found: list[str] = []
    cursor = ""
    while True:
        page = world.api("GET", f"/networks/{network}/peers?{asked}&limit={limit}&cursor={cursor}", token=token).json
        assert len(page["items"]) <= limit
        found += [peer["name"] for peer in page["items"]]
        if page["next_cursor"] is None:
            return found
        cursor = page["next_cursor"]


@pytest.mark.parametrize("limit", [1, 2, 5, 200])
@pytest.mark.parametrize("searched", [1, 2, 3, 200])
@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("tag=lab", {"Host 0", "Host 3", "Host 6"}),
        ("tag=none", set()),
        ("status=blocked", {"Host 8"}),
        ("status=pending", {f"Host {number}" for number in range(8)}),
        ("status=pending&tag=lab", {"Host 0", "Host 3", "Host 6"}),
        ("q=host%205", {"Host 5"}),
        ("kind=jump&q=h", {"hub"}),
        (f"owner=usr_{'a' * 26}", set()),
        ("q=&tag=", {"hub", *(f"Host {number}" for number in range(9))}),
    ],
)
def test_each_wanted_peer_stands_on_one_page(
    world: World, asked: str, names: set[str], searched: int, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peer_pages, "SEARCHED", searched)
    network = filled(world)

    found = walked(world, network, asked, limit)

    assert sorted(found) == sorted(names)


def test_the_owner_finds_what_they_were_given_and_a_member_nothing_of_others(world: World) -> None:
    network = filled(world)
    ana, bo = (world.granted(name, Role.MEMBER, network) for name in ("ana", "bo"))
    for name, token in (("laptop", ana), ("desk", bo)):
        assert (
            world.api("POST", f"/networks/{network}/peers", {"kind": "dynamic", "name": name}, token=token).status < 300
        )
    [own] = world.api("GET", f"/networks/{network}/peers", token=ana).json["items"]

    assert walked(world, network, f"owner={own['owner_id']}", 1) == ["laptop"]
    assert walked(world, network, f"owner={own['owner_id']}", 1, ana) == ["laptop"]
    assert walked(world, network, f"owner={own['owner_id']}", 1, bo) == []
    assert walked(world, network, "q=host", 1, ana) == []


@pytest.mark.parametrize(
    "asked", ["status=gone", "kind=phone", "owner=ana", "tag=a%20b%2Fc", "colour=red", f"q={'x' * 256}"]
)
def test_a_filter_that_cannot_be_is_refused(world: World, asked: str) -> None:
    assert world.api("GET", f"/networks/{world.network()}/peers?{asked}").status == 422
