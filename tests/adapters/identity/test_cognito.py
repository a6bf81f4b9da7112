"""The stack's own pool writes to who is invited, and again to who never came."""

from dataclasses import dataclass, field

import boto3
import pytest
from botocore.exceptions import ClientError

from chalicelib.adapters.identity.cognito import CognitoPool, NoPool
from chalicelib.domain.identity.errors import PoolUnreachable
from chalicelib.settings import settings_from

ANA = "ana@example.com"


@dataclass
class Cognito:
    """As AdminCreateUser answers. `waiting`: who was written to and never came; `written`: all letters."""

    waiting: set[str] = field(default_factory=set)
    came: set[str] = field(default_factory=set)
    written: list[str] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)

    def admin_create_user(
        self,
        UserPoolId: str,  # noqa: N803  as AWS spells them
        Username: str,  # noqa: N803
        DesiredDeliveryMediums: list[str],  # noqa: N803
        UserAttributes: list[dict[str, str]] | None = None,  # noqa: N803
        MessageAction: str = "",  # noqa: N803
    ) -> None:
        if UserPoolId != "pool":
            raise refused("ResourceNotFoundException")
        if MessageAction != "RESEND" and Username in self.waiting | self.came:
            raise refused("UsernameExistsException")
        if MessageAction == "RESEND" and Username in self.came:
            raise refused("UnsupportedUserStateException")
        assert DesiredDeliveryMediums == ["EMAIL"]
        self.attributes |= {one["Name"]: one["Value"] for one in UserAttributes or ()}
        self.waiting.add(Username)
        self.written.append(Username)


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, "AdminCreateUser")


@pytest.fixture
def cognito(monkeypatch: pytest.MonkeyPatch) -> Cognito:
    made = Cognito()
    monkeypatch.setattr(boto3, "client", lambda _service, **_: made)
    return made


def a_pool(pool_id: str = "pool") -> CognitoPool:
    return CognitoPool(settings_from({"USER_POOL_ID": pool_id}))


def test_who_is_invited_has_a_verified_address_and_is_written_to_until_they_come(cognito: Cognito) -> None:
    pool = a_pool()

    assert (pool.invite(ANA), pool.invite(ANA)) == (True, True)
    assert cognito.written == [ANA, ANA]
    assert cognito.attributes == {"email": ANA, "email_verified": "true"}


def test_who_has_a_password_is_not_written_to(cognito: Cognito) -> None:
    cognito.came.add(ANA)

    assert a_pool().invite(ANA) is False
    assert cognito.written == []


def test_a_pool_that_does_not_answer_as_it_should_is_said_so(cognito: Cognito) -> None:
    with pytest.raises(PoolUnreachable, match="nobody was invited"):
        a_pool("another").invite(ANA)


def test_anothers_provider_is_told_nothing() -> None:
    assert NoPool().invite(ANA) is False
