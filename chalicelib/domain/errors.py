"""The few kinds of refusal, and the specific ones a program may want to tell apart.

The entry points map kinds to statuses (one table, `entrypoints/rest/problems.py`). `code`
is stable; the message tells a person what to do next.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

MOST_NAMES = 20  # in a message


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


class BundleTooLarge(Unavailable):
    """An agent's bundle does not fit into an answer, even compressed; its last good one stays in force."""

    code = "bundle_too_large"
    retry_after_s = 3600

    def __init__(self, size_bytes: int, most_bytes: int) -> None:
        super().__init__(
            f"The bundle takes {size_bytes} bytes, and {most_bytes} can be sent. Shorten the ACL or the CIDRs behind "
            "peers, or move peers to another network."
        )


class IdentityProviderUnreachable(Unavailable):
    """The provider's discovery document or keys could not be had, so no token can be checked."""

    code = "identity_provider_unreachable"

    def __init__(self) -> None:
        super().__init__("The identity provider cannot be asked for its keys right now. Try again in a minute.")


class Stale(Refusal):
    """The caller's picture of a resource is no longer the stored one."""

    code = "stale"

    def __init__(self) -> None:
        super().__init__("It was changed since you read it, and nothing was written. Read it again and decide again.")


class KeyReused(Refusal):
    """An idempotency key stands for one request."""

    code = "idempotency_key_reused"

    def __init__(self, key: str) -> None:
        super().__init__(f"The Idempotency-Key {key!r} was used for another request. Make a new key for this one.")


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
        super().__init__(listed([f"{field}: {message}" for field, message in errors], "; "))


class NetworkNotFound(NotFound):
    """No such network."""

    code = "network_not_found"

    def __init__(self, network_id: str) -> None:
        super().__init__(f"There is no network {network_id}.")


class ChangeNotFound(NotFound):
    """No such revision of a network."""

    code = "change_not_found"

    def __init__(self, revision: object) -> None:
        super().__init__(f"This network has no revision {revision}.")


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

    def __init__(self, asked: str, taken: str) -> None:
        super().__init__(f"{asked} overlaps {taken}. Choose a range outside it.")


class NetworkNotEmpty(Conflict):
    """Deleting a network would cut its peers off."""

    code = "network_not_empty"

    def __init__(self, peers: int) -> None:
        count = f"{peers} peer{'s' if peers != 1 else ''}"
        super().__init__(f"The network still has {count}. Delete them first, or repeat with ?force=true.")


class StaticPeersExist(Conflict):
    """Their files name addresses of the old range, and nobody can change the files for them."""

    code = "static_peers_exist"

    def __init__(self, names: Sequence[str], more: bool) -> None:
        """`more`: there are others that are not among the names."""
        others = " and others" if more else ""
        super().__init__(
            f"The files of static peers could not follow: {listed(names)}{others}. Delete them first, or grow the "
            "range in place: the same first address, a shorter prefix."
        )


class CidrDoesNotFit(Conflict):
    """The new range is too small for what the network holds."""

    code = "cidr_does_not_fit"

    def __init__(self, cidr: str, why: str) -> None:
        super().__init__(f"{cidr} is too small: {why}.")


class MtuTooSmall(Conflict):
    """IPv6 does not go through tunnels of so small packets."""

    code = "mtu_too_small"

    def __init__(self, names: Sequence[str], least: int) -> None:
        super().__init__(
            f"IPv6 needs an MTU of at least {least}, and these peers have less: {listed(names)}. Raise it first."
        )


class DirectoryFull(Conflict):
    """The ranges of a block of the address space are kept apart in one item of bounded size."""

    code = "directory_full"

    def __init__(self, block: str) -> None:
        super().__init__(f"{block} holds as many ranges as a deployment can keep apart there. Use another range.")


class TooManyBlocks(Conflict):
    """What one change touches has to fit into one transaction."""

    code = "too_many_blocks"

    def __init__(self, most: int) -> None:
        super().__init__(
            f"One change reaches CIDRs in at most {most} blocks of the address space (IPv4 /8, IPv6 /16). "
            "Make it in steps."
        )


class ReservationsOverlap(Conflict):
    """Reserved ranges of a network are apart."""

    code = "reservation_overlap"

    def __init__(self, taken: str) -> None:
        super().__init__(f"{taken} is reserved already. Choose a range outside it, or remove it first.")


class ReservationNotFound(NotFound):
    """No reservation has exactly this range."""

    code = "reservation_not_found"

    def __init__(self, asked: str) -> None:
        super().__init__(f"{asked} is not a reserved range of this network.")


class TooManyReservations(Conflict):
    """Each reservation is looked at by every allocation."""

    code = "too_many_reservations"

    def __init__(self, most: int) -> None:
        super().__init__(f"A network has at most {most} reserved ranges. Unite some.")


class AddressReserved(Conflict):
    """An address of a reserved range is handed out to nobody."""

    code = "address_reserved"

    def __init__(self, address: str) -> None:
        super().__init__(f"{address} lies in a reserved range. Ask for another address, or remove the reservation.")


class RequestRunning(Conflict):
    """The first request with this idempotency key has not ended yet."""

    code = "request_running"

    def __init__(self, key: str) -> None:
        super().__init__(f"A request with the Idempotency-Key {key!r} is still running. Ask again in a minute.")


class PeerNameInUse(Conflict):
    """A name stands for one peer of a network."""

    code = "name_in_use"

    def __init__(self, name: str) -> None:
        super().__init__(f"Another peer of this network is named {name!r}. Choose another name.")


class LabelInUse(PeerNameInUse):
    """Another peer has the DNS label; a name whose plain label is taken is given one of its own."""


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


class EndpointInUse(Conflict):
    """A route to a range that contains a jump's endpoint would swallow the tunnel itself."""

    code = "endpoint_routed"

    def __init__(self, endpoint: str, taken: str) -> None:
        super().__init__(f"{endpoint} lies in {taken}, so the tunnel would be routed into itself.")


class KindMismatch(Conflict):
    """Some calls make sense for some kinds of peers only."""

    code = "kind_mismatch"

    def __init__(self, what: str) -> None:
        super().__init__(what)


class PeerIsBlocked(Conflict):
    """A blocked peer is cut off: a new file would not connect it, and its word on new keys is not taken."""

    code = "peer_blocked"

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is blocked. Unblock it, or resolve its incident, first.")


class FilesWouldBreak(Conflict):
    """Files of static peers name the jump's public key, and nobody can change the files for them."""

    code = "files_would_break"

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(
            f"With another key of this jump these static peers' files are void until they are re-issued: "
            f"{listed(names)}. Repeat with ?force=true."
        )


class KeyNotHeld(Conflict):
    """A jump that used its new key now would cut off the agents that do not hold it yet."""

    code = "key_not_held"

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(
            f"The jump's new key is not in force yet on: {listed(names)}. Wait for them, or repeat with "
            "?force=true: they are cut off until they reach the control plane."
        )


class LastJump(Conflict):
    """Without a jump the regular peers of a network could reach nothing."""

    code = "last_jump"

    def __init__(self) -> None:
        super().__init__("This is the last jump peer of a network with regular peers. Add another jump peer first.")


class JumpInUse(Conflict):
    """Files of static peers name this jump."""

    code = "jump_in_use"

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(
            f"The files of these static peers name this jump and would be void: {listed(names)}. "
            "Move or delete them first, or repeat with ?force=true."
        )


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


class PeerLeft(Refusal):
    """The agent of a peer that it has left asks: what it meant to do is done."""

    code = "peer_left"

    def __init__(self, peer_id: str) -> None:
        super().__init__(f"This machine has left peer {peer_id}. Enrol with a new token to come back.")


class FilesWouldBeVoid(Conflict):
    """A jump's key stands in files of static peers, and leaves with it."""

    code = "files_would_be_void"

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(
            f"The files of these static peers name this jump's key and would be void: {listed(names)}. "
            "To move the jump to another machine, export its identity and import it there; to leave in spite of "
            "them, say so (void_files), and re-issue them afterwards."
        )


def listed(names: Sequence[str], separator: str = ", ") -> str:
    """Names in a message, MOST_NAMES of them at most."""
    more = len(names) - MOST_NAMES
    return separator.join(names[:MOST_NAMES]) + (f" and {more} others" if more > 0 else "")
