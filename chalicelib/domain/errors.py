"""The few kinds of refusal, and the specific ones a program may want to tell apart.

The entry points map kinds to statuses (one table, `entrypoints/rest/problems.py`). `code`
is stable; the message tells a person what to do next.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar


class Refusal(Exception):
    """Something that was asked for and will not be done."""

    code: ClassVar[str] = "refused"


class NotFound(Refusal):
    """It does not exist, or the caller may not see it: the two look the same."""

    code = "not_found"


class Conflict(Refusal):
    """It contradicts what is stored."""

    code = "conflict"


class Unauthenticated(Refusal):
    """Nobody we know asks, or no longer."""

    code = "unauthenticated"


class Forbidden(Refusal):
    """The caller is known and may not do this."""

    code = "forbidden"


class NotInvited(Forbidden):
    """The person is who they say, and nobody gave them a role here."""

    code = "not_invited"

    def __init__(self, who: str) -> None:
        super().__init__(f"{who} is signed in and has no role here. Ask an administrator of this deployment for one.")


class Unavailable(Refusal):
    """Something we need does not answer; trying again after `retry_after_s` helps."""

    code = "unavailable"
    retry_after_s = 30


class IdentityProviderUnreachable(Unavailable):
    """The provider's discovery document or keys could not be had, so no token can be checked."""

    code = "identity_provider_unreachable"

    def __init__(self) -> None:
        super().__init__("The identity provider cannot be asked for its keys right now. Try again in a minute.")


class Busy(Refusal):
    """Too many writes of one network at once: nothing was written, trying again helps."""

    code = "busy"

    def __init__(self) -> None:
        super().__init__("The network is being changed by many callers at once. Nothing was written; try again.")


class Invalid(Refusal):
    """Fields that do not parse; `errors` pairs each field's path with its message."""

    code = "invalid"

    def __init__(self, errors: Sequence[tuple[str, str]]) -> None:
        self.errors = tuple(errors)
        super().__init__("; ".join(f"{field}: {message}" for field, message in errors))


class NetworkNotFound(NotFound):
    """No such network."""

    code = "network_not_found"

    def __init__(self, network_id: str) -> None:
        super().__init__(f"There is no network {network_id}.")


class PeerNotFound(NotFound):
    """No such peer."""

    code = "peer_not_found"

    def __init__(self, peer_id: str) -> None:
        super().__init__(f"There is no peer {peer_id} in this network.")


class NetworkNameInUse(Conflict):
    """Network names are unique in a deployment."""

    code = "name_in_use"

    def __init__(self, name: str) -> None:
        super().__init__(f"Another network is named {name}. Choose another name.")


class NetworksOverlap(Conflict):
    """Networks of one deployment never overlap, nor touch a CIDR behind a peer."""

    code = "network_overlap"

    def __init__(self, asked: str, other: str, taken: str) -> None:
        super().__init__(f"{asked} overlaps {taken} of {other}. Choose a range outside it.")


class NetworkNotEmpty(Conflict):
    """Deleting a network would cut its peers off."""

    code = "network_not_empty"

    def __init__(self, peers: int) -> None:
        super().__init__(f"The network still has {peers} peer{'s' if peers != 1 else ''}. Delete them first.")


class PeerNameInUse(Conflict):
    """Two peers of a network would answer to one DNS label."""

    code = "name_in_use"

    def __init__(self, name: str, label: str) -> None:
        super().__init__(f"Another peer of this network has the DNS label {label}, which {name!r} needs too.")


class KeyInUse(Conflict):
    """A public key stands for one peer of a network."""

    code = "key_in_use"

    def __init__(self) -> None:
        super().__init__("Another peer of this network uses this public key. Make a new key pair.")


class AddressInUse(Conflict):
    """One address, one peer."""

    code = "address_in_use"

    def __init__(self, address: str) -> None:
        super().__init__(f"{address} belongs to another peer. Ask for another address, or for none.")


class AddressPoolExhausted(Conflict):
    """Every host address of the network is taken."""

    code = "address_pool_exhausted"

    def __init__(self, cidr: str) -> None:
        super().__init__(f"Every address of {cidr} is taken. Delete peers, or create a larger network.")


class CidrInUse(Conflict):
    """A CIDR behind a peer would be ambiguous or shadow something."""

    code = "cidr_in_use"

    def __init__(self, cidr: str, why: str) -> None:
        super().__init__(f"{cidr} cannot stand behind this peer: {why}.")


class JumpNotReady(Conflict):
    """A file without a hub is worthless."""

    code = "jump_not_ready"

    def __init__(self) -> None:
        super().__init__("No jump peer of this network has enrolled yet. Enrol a jump peer, then try again.")


class PeerNotEnrolled(Conflict):
    """A config needs the peer's public key."""

    code = "peer_not_enrolled"

    def __init__(self) -> None:
        super().__init__("The peer has not enrolled yet, so its key is not known. Enrol its agent first.")


class LastJump(Conflict):
    """Without a jump the regular peers of a network could reach nothing."""

    code = "last_jump"

    def __init__(self) -> None:
        super().__init__("This is the last jump peer of a network with regular peers. Add another jump peer first.")


class JumpInUse(Conflict):
    """Files of static peers name this jump."""

    code = "jump_in_use"

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(f"The files of these static peers name this jump: {', '.join(names)}. Delete them first.")


class EnrollmentRefused(Unauthenticated):
    """The enrolment token is unknown, expired, used, or replaced."""

    code = "enrollment_token_invalid"

    def __init__(self, why: str) -> None:
        super().__init__(f"The enrolment token {why}. Create a new one for this peer.")


class PeerDeleted(Refusal):
    """A deleted peer's agent asks: the answer carries the tombstone that ends its tunnel."""

    code = "peer_deleted"

    def __init__(self, network_id: str, peer_id: str, revision: int, deleted_at: datetime) -> None:
        super().__init__(f"Peer {peer_id} was deleted. Its tunnel ends; enrol again to come back.")
        self.network_id = network_id
        self.peer_id = peer_id
        self.revision = revision
        self.deleted_at = deleted_at
