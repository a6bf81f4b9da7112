"""What the use cases of who calls cost in requests that leave for DynamoDB."""

from chalicelib.domain.identity.principal import Role
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
