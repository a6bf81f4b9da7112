"""All peers that a caller sees, by pages."""

import pytest

from chalicelib.application.peers import peer_pages
from chalicelib.domain.identity.principal import Role
from tests.world import World


def fill(world: World, networks: int, peers: int, **fields: object) -> list[str]:
    """Networks with so many peers each; every other network has none."""
    made = []
    for number in range(networks):
        network = world.network(f"n{number}", f"10.{number}.0.0/24")
        made.append(network)
        for name in range(peers if number % 2 == 0 else 0):
            body = {"kind": "dynamic", "name": f"p{name}", **fields}
            assert world.api("POST", f"/networks/{network}/peers", body).status == 201
    return made


def walked(world: World, token: str | None, limit: int) -> list[str]:
    found: list[str] = []
    cursor = ""
    while True:
        page = world.api("GET", f"/peers?limit={limit}&cursor={cursor}", token=token).json
        assert len(page["items"]) <= limit
        found += [f"{peer['network_id']}/{peer['id']}" for peer in page["items"]]
        if page["next_cursor"] is None:
            return found
        cursor = page["next_cursor"]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 200])
@pytest.mark.parametrize("most", [1, 2, 10])
def test_every_peer_stands_on_one_page(world: World, limit: int, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer_pages, "MOST_NETWORKS", most)
    monkeypatch.setattr(peer_pages, "LOOKED_AT", 2)
    networks = fill(world, 5, 3)

    found = walked(world, None, limit)

    assert len(found) == 9
    assert found == sorted(set(found))
    assert {place.partition("/")[0] for place in found} == set(networks[::2])


def test_only_granted_networks_are_walked(world: World) -> None:
    networks = fill(world, 5, 2)
    auditor = world.granted("eve", Role.AUDITOR, networks[0], networks[1], networks[2])

    found = walked(world, auditor, 3)

    assert {place.partition("/")[0] for place in found} == {networks[0], networks[2]}
    assert len(found) == 4


def test_a_member_walks_their_own(world: World) -> None:
    networks = fill(world, 3, 2)
    ana = world.granted("ana", Role.MEMBER, *networks)
    own: list[str] = []
    for network in networks:
        for name in ("laptop", "desk"):
            body = {"kind": "dynamic", "name": name}
            if len(own) < 5:
                made = world.api("POST", f"/networks/{network}/peers", body, token=ana).json["peer"]
                own.append(f"{network}/{made['id']}")

    for limit in (1, 2, 4, 50):
        assert walked(world, ana, limit) == sorted(own)
    [network] = networks[:1]
    path = f"/networks/{network}/peers?limit=1"
    first = world.api("GET", path, token=ana).json
    second = world.api("GET", f"{path}&cursor={first['next_cursor']}", token=ana).json
    assert [f"{network}/{peer['id']}" for peer in (*first["items"], *second["items"])] == sorted(own)[:2]
    assert second["next_cursor"] is None


def test_a_cursor_stays_good_when_its_peer_and_its_network_are_gone(world: World) -> None:
    networks = fill(world, 3, 2)
    first = world.api("GET", "/peers?limit=1").json
    world.api("DELETE", f"/networks/{networks[0]}/peers/{first['items'][0]['id']}")

    second = world.api("GET", f"/peers?limit=1&cursor={first['next_cursor']}").json
    world.api("DELETE", f"/networks/{networks[0]}?force=true")
    third = world.api("GET", f"/peers?limit=1&cursor={second['next_cursor'] or first['next_cursor']}").json

    assert second["items"][0]["network_id"] == networks[0]
    assert third["items"][0]["network_id"] == networks[2]


def test_a_text_that_is_no_cursor_is_refused(world: World) -> None:
    assert world.api("GET", "/peers?cursor=dyn_1").status == 422
