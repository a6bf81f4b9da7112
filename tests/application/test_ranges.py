"""Ranges of the deployment, and whose they are."""

from chalicelib.domain.identity.principal import Role
from chalicelib.domain.ids import NetworkId
from tests.world import World


def test_whose_range_it_is_is_told_to_those_who_may_see_it(world: World) -> None:
    hidden, own = world.network("hidden", "10.1.0.0/24"), world.network("own", "10.2.0.0/24")
    scoped = world.container.api_tokens.create_for_deployment("scoped", Role.OPERATOR, {NetworkId(own)}).text()
    hub = {"kind": "jump", "name": "hub", "endpoint": "10.1.0.9"}
    site = {"kind": "dynamic", "name": "site", "additional_allowed_ips": ["10.1.0.128/25"]}

    for token, is_told in ((world.token, True), (scoped, False)):
        for answer in (
            world.api("PATCH", f"/networks/{own}", {"cidr": "10.1.0.0/16"}, token=token),
            world.api("POST", f"/networks/{own}/peers", hub, token=token),
            world.api("POST", f"/networks/{own}/peers", site, token=token),
        ):
            assert answer.status == 409
            assert ("10.1.0.0/24 of network hidden" in answer.json["detail"]) is is_told
            assert ("10.1.0.0/24" in answer.text or "hidden" in answer.text) is is_told
    assert world.api("GET", "/ipam/suggestions", token=scoped).status == 403
    assert [one["id"] for one in world.api("GET", "/networks", token=scoped).json["items"]] == [own]
    assert [one["id"] for one in world.api("GET", "/networks").json["items"]] == [hidden, own]
