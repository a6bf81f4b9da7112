"""What the use cases of who calls cost in requests that leave for DynamoDB."""

from chalicelib.domain.identity.principal import Role
from chalicelib.domain.ids import NetworkId
from tests.application.lab import AUTH, Lab


def test_a_person_is_one_read_and_kept_at_first_sight(lab: Lab) -> None:
    token = lab.world.person("ana", Role.AUDITOR)

    assert lab.counted("GET", "/me", token=token) == {"read": 1, "write": 1}
    assert lab.counted("GET", "/me", token=token) == {"read": 1}


def test_api_tokens(lab: Lab) -> None:
    ana, body = lab.world.person("ana", Role.OPERATOR), {"name": "ci", "role": "operator"}
    lab.world.api("GET", "/me", token=ana)

    assert lab.counted("POST", "/tokens", body, ana) == {"read": 1, "transaction": 1}
    [token] = lab.world.api("GET", "/tokens", token=ana).json["items"]
    assert lab.counted("GET", "/tokens", token=ana) == {"read": 2}
    assert lab.counted("DELETE", f"/tokens/{token['id']}", token=ana) == {"read": 2, "transaction": 1}


def test_what_needs_nobody_asks_nothing(lab: Lab) -> None:
    for path in ("/health", "/auth/config", "/openapi.json"):
        assert lab.counted("GET", path) == {}


def test_a_page_of_the_audit_log_is_one_query_and_one_for_each_granted_network(lab: Lab) -> None:
    networks = [NetworkId(lab.path.split("/")[2]), NetworkId(lab.world.network("more", "10.9.0.0/24"))]
    narrowed = lab.world.container.api_tokens.create_for_deployment("t", Role.AUDITOR, networks).text()

    for path in ("/audit", "/audit/export", f"/audit?network_id={networks[0]}&action=peer_created"):
        assert lab.counted("GET", path) == {"read": AUTH + 1}
    lab.world.api("GET", "/audit", token=narrowed)  # and the token's first use is noted
    assert lab.counted("GET", "/audit", token=narrowed) == {"read": AUTH + 2}
