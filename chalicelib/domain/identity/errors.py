"""Why a caller is refused."""

from chalicelib.domain.errors import Forbidden, Unavailable


class NotInvited(Forbidden):
    """The person is who they say, and nobody gave them a role here."""

    code = "not_invited"

    def __init__(self, who: str) -> None:
        super().__init__(f"{who} is signed in and has no role here. Ask an administrator of this deployment for one.")


class Suspended(Forbidden):
    """The person was let in before, and an administrator suspended them."""

    code = "suspended"

    def __init__(self, who: str) -> None:
        super().__init__(f"{who} is suspended here. Ask an administrator of this deployment.")


class IdentityProviderUnreachable(Unavailable):
    """The provider's discovery document or keys could not be had, so no token can be checked."""

    code = "identity_provider_unreachable"

    def __init__(self) -> None:
        super().__init__("The identity provider cannot be asked for its keys right now. Try again in a minute.")
