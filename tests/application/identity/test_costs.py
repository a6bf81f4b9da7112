"""What the use cases of who calls cost in requests that leave for DynamoDB."""

from chalicelib.application.identity.people import SEEN_NOTED_EVERY
from chalicelib.domain.identity.principal import Role
from chalicelib.domain.ids import NetworkId
from tests.application.identity.test_users import a_person, invited
from tests.application.lab import AUTH, Lab


def test_the_join_keys_of_a_network(lab: Lab) -> None:
    keys = lab.path.replace("peers", "join-keys")

    made = lab.counted("POST", keys, {"name": "runners"})
    [key] = lab.world.api("GET", keys).json["items"]

    assert made == {"read": AUTH + 1, "transaction": 1}  # network
    assert lab.counted("GET", keys) == {"read": AUTH + 2}  # network, keys
    assert lab.counted("DELETE", f"{keys}/{key['id']}") == {"read": AUTH + 1, "transaction": 1}  # the key


def test_a_person_is_one_read_and_kept_at_first_sight(lab: Lab) -> None:
    token = lab.world.person("ana", Role.AUDITOR)

    assert lab.counted("GET", "/me", token=token) == {"read": 1, "transaction": 1}
    assert lab.counted("GET", "/me", token=token) == {"read": 1}
    lab.world.outside.clock.advance(SEEN_NOTED_EVERY)
    assert lab.counted("GET", "/me", token=token) == {"read": 1, "write": 1}


def test_who_signs_in_for_the_first_time_with_an_address_may_be_invited(lab: Lab) -> None:
    token = a_person(lab.world, "ana", email="ana@example.com")
    invited(lab.world, "ana@example.com")

    assert lab.counted("GET", "/me", token=token) == {"read": 2, "transaction": 1}  # themselves, the invitation


def test_a_member_asks_for_the_names_of_their_networks_as_well(lab: Lab) -> None:
    invited(lab.world, "ana@example.com", "member", [lab.path.split("/")[2]])
    token = a_person(lab.world, "ana", email="ana@example.com")
    lab.world.api("GET", "/me", token=token)

    assert lab.counted("GET", "/me", token=token) == {"read": 2}


def test_what_the_provider_changes_of_a_person_is_kept_in_one_transaction(lab: Lab) -> None:
    lab.world.api("GET", "/me", token=a_person(lab.world, "ana", "wirety-auditor", issued_s=0))
    token = a_person(lab.world, "ana", "wirety-administrator", issued_s=1)

    assert lab.counted("GET", "/me", token=token) == {"read": 1, "transaction": 1}
    assert lab.counted("GET", "/me", token=token) == {"read": 1}


def test_people_are_invited_changed_and_removed(lab: Lab) -> None:
    network = lab.path.split("/")[2]
    body = {"email": "ana@example.com", "role": "member", "networks": [network]}

    # networks; who has the address, twice
    assert lab.counted("POST", "/users", body) == {"read": AUTH + 3, "transaction": 1}
    [user] = lab.world.api("GET", "/users").json["items"]
    path = f"/users/{user['id']}"
    assert lab.counted("GET", "/users") == {"read": AUTH + 3}  # people, settings, what they own
    assert lab.counted("GET", path) == {"read": AUTH + 2}  # the person and the settings; what they own
    assert lab.counted("PATCH", path, {"role": "auditor"}) == {"read": AUTH + 2, "transaction": 1}
    assert lab.counted("PATCH", path, {"networks": [network]}) == {"read": AUTH + 3}  # and nothing to be written
    assert lab.counted("DELETE", path) == {"read": AUTH + 2, "transaction": 1}  # the person, who has the address


def test_settings_are_read_and_replaced(lab: Lab) -> None:
    body = {"default_role": "member", "member_peer_limit": 2}

    assert lab.counted("GET", "/settings") == {"read": AUTH + 1}
    assert lab.counted("PUT", "/settings", body) == {"read": AUTH + 1, "transaction": 1}


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
