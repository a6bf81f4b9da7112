"""Why a caller is refused."""

from collections.abc import Mapping, Sequence

from chalicelib.domain.errors import Conflict, Forbidden, NotFound, Refusal, Unauthenticated, Unavailable
from chalicelib.domain.identity.audit import Actor, ActorKind
from chalicelib.domain.identity.doubt import Doubt
from chalicelib.domain.ids import NetworkId, PrincipalId


class NotAllowed(Forbidden):
    """The caller is known, and its role or its networks do not suffice."""

    def __init__(self, actor: Actor, message: str) -> None:
        self.actor = actor
        super().__init__(message)


class CredentialRefused(Unauthenticated):
    """The API token is one of ours and does not count: it has ended, or came with another secret.

    A caller is told what they would be told of a token that never was, where that is the reason.
    """

    def __init__(self, actor: Actor, message: str) -> None:
        self.actor = actor
        super().__init__(message)


class TooManyRequests(Refusal):
    """Nothing was done; after `retry_after_s` as many calls pass again."""

    code = "too_many_requests"

    def __init__(self, why: str, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(f"{why} Nothing was done; try again in {retry_after_s} seconds.")


class TokenRefused(Unauthenticated):
    """What was sent is no token of the deployment's identity provider, for it, now.

    `reason`: stable, for the log. `facts`: what an administrator needs to mend it; nothing of the token's secret part.
    """

    def __init__(self, reason: str, message: str, **facts: object) -> None:
        self.reason = reason
        self.facts: Mapping[str, object] = facts
        super().__init__(message)


class NotInvited(Forbidden):
    """The person is who they say, and nobody gave them a role here. `doubts`: why their provider's word did not."""

    code = "not_invited"

    def __init__(self, who: str, user_id: PrincipalId, subject: str = "", doubts: Sequence[Doubt] = ()) -> None:
        self.actor = Actor(ActorKind.PERSON, user_id, who)
        self.subject = subject
        self.doubts = tuple(doubts)
        asked = f"{who} is signed in and has no role here. Ask an administrator of this deployment for one."
        super().__init__(" ".join((asked, *(doubt.text for doubt in doubts))))


class IssuerDiffers(Forbidden):
    """The provider calls itself otherwise than the deployment calls it, so none of its tokens can be believed.

    Trying again does not help: a parameter of the deployment has to change.
    """

    code = "issuer_differs"

    def __init__(self, configured: str, said: str, advice: str) -> None:
        self.configured, self.said = configured, said
        super().__init__(
            f"Nobody can sign in: the deployment is configured for the issuer {configured}, and its provider's "
            f"discovery document says {said}. {advice}"
        )


class Suspended(Forbidden):
    """The person was let in before, and an administrator suspended them."""

    code = "suspended"

    def __init__(self, who: str, user_id: PrincipalId) -> None:
        self.actor = Actor(ActorKind.PERSON, user_id, who)
        super().__init__(f"{who} is suspended here. Ask an administrator of this deployment.")


class TokenNotFound(NotFound):
    """No such API token, or another's."""

    code = "token_not_found"

    def __init__(self, token_id: str) -> None:
        super().__init__(f"There is no API token {token_id}.")


class IdentityProviderUnreachable(Unavailable):
    """The provider's discovery document or keys could not be had, so no token can be checked."""

    code = "identity_provider_unreachable"

    def __init__(self) -> None:
        super().__init__("The identity provider cannot be asked for its keys right now. Try again in a minute.")


class UserNotFound(NotFound):
    """No such person, and no such invitation."""

    code = "user_not_found"

    def __init__(self, user_id: str) -> None:
        super().__init__(f"There is no user {user_id}.")


class EmailInUse(Conflict):
    """An address is one person's, or stands for one invitation."""

    code = "email_in_use"

    def __init__(self, email: str, holder_id: str) -> None:
        what = "is invited already" if holder_id.startswith("inv_") else "is a user already"
        super().__init__(f"{email} {what}. Change the role and networks of {holder_id} instead.")


class NotSignedIn(Conflict):
    """An invitation cannot be suspended: nobody came by it yet."""

    code = "not_signed_in"

    def __init__(self, email: str) -> None:
        super().__init__(
            f"{email} has not signed in yet, so there is nobody to suspend. Remove the invitation instead."
        )


class LastAdministrator(Conflict):
    """A deployment without an administrator could be given back to nobody."""

    code = "last_administrator"

    def __init__(self) -> None:
        super().__init__(
            "Nobody else is an administrator of the whole deployment, so this one stays. Make another user an "
            "administrator first, and have them sign in."
        )


class PoolUnreachable(Unavailable):
    """The deployment's own user pool could not be asked to write to somebody; nothing was kept of the invitation."""

    code = "pool_unreachable"

    def __init__(self) -> None:
        super().__init__("The user pool cannot send invitations right now, and nobody was invited. Try again.")


class JoinKeyNotFound(NotFound):
    """No such join key in the network."""

    code = "join_key_not_found"

    def __init__(self, key_id: str) -> None:
        super().__init__(f"There is no join key {key_id} in this network.")


class JoinKeyRefused(Refusal):
    """A join key makes no peer. `actor`, `network_id`: of the key that was tried; None: there is no such key."""

    def __init__(self, message: str, actor: Actor | None = None, network_id: NetworkId | None = None) -> None:
        self.actor, self.network_id = actor, network_id
        super().__init__(message)


class JoinKeyUnknown(JoinKeyRefused, Unauthenticated):
    """The text is no join key of this deployment, or its network is gone.

    One that came with another secret is told the same, and is known as what it claims to be.
    """

    code = "join_key_unknown"

    def __init__(self, actor: Actor | None = None, network_id: NetworkId | None = None) -> None:
        super().__init__(
            "This join key is not known. Check it, or ask an operator of the network for another.", actor, network_id
        )


class JoinKeyRevoked(JoinKeyRefused, Unauthenticated):
    """Somebody ended the key."""

    code = "join_key_revoked"

    def __init__(self, actor: Actor, network_id: NetworkId) -> None:
        super().__init__("This join key was revoked. Ask an operator of the network for another.", actor, network_id)


class JoinKeyExpired(JoinKeyRefused, Unauthenticated):
    """The key's time is over."""

    code = "join_key_expired"

    def __init__(self, actor: Actor, network_id: NetworkId) -> None:
        super().__init__("This join key has expired. Ask an operator of the network for another.", actor, network_id)


class JoinKeyUsedUp(JoinKeyRefused, Conflict):
    """A key with a limit makes so many peers and no more, however many ask at once."""

    code = "join_key_used_up"

    def __init__(self, used: int, actor: Actor, network_id: NetworkId) -> None:
        message = (
            f"This join key has made all the peers it may make ({used}). Ask an operator of the network for another."
        )
        super().__init__(message, actor, network_id)
