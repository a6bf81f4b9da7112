"""Why something about a peer is refused."""

from collections.abc import Sequence
from datetime import datetime

from chalicelib.domain.errors import Conflict, NotFound, Refusal, Unauthenticated, listed
from chalicelib.domain.identity.audit import Actor
from chalicelib.domain.ids import NetworkId


class PeerNotFound(NotFound):
    """No such peer."""

    code = "peer_not_found"

    def __init__(self, peer_id: str) -> None:
        super().__init__(f"There is no peer {peer_id} in this network.")


class PeerNotMade(NotFound):
    """Of a request for many peers that is answered again, only what it made is remembered."""

    code = "peer_not_found"

    def __init__(self) -> None:
        super().__init__("This peer was refused when the request was done. Ask for it in another request.")


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


class MemberPeerLimitReached(Conflict):
    """A member owns as many peers as members may."""

    code = "member_peer_limit_reached"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"A member may own {limit} peers here, and these are yours already: see GET /peers. Delete one that you do "
            "not need, or ask an administrator to raise member_peer_limit in the settings."
        )


class AddressInUse(Conflict):
    """One address, one peer."""

    code = "address_in_use"

    def __init__(self, address: str) -> None:
        super().__init__(f"{address} belongs to another peer. Ask for another address, or for none.")


class JumpNotReady(Conflict):
    """A file without a hub is worthless."""

    code = "jump_not_ready"

    def __init__(self) -> None:
        super().__init__("No jump peer of this network has enrolled yet. Enrol a jump peer, then try again.")


class FileNotIssued(Conflict):
    """A static peer was made before any jump had enrolled: what its file says is not fixed yet."""

    code = "file_not_issued"

    def __init__(self) -> None:
        super().__init__("The peer's file was not issued yet, for no jump had enrolled. Issue it now: POST …/reissue.")


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
    """The enrolment token is unknown, expired, used, or replaced.

    `actor`, `network_id`: of the peer whose token it is, once it has proved to be; None: nobody's.
    """

    code = "enrollment_token_invalid"

    def __init__(self, why: str, actor: Actor | None = None, network_id: NetworkId | None = None) -> None:
        self.why, self.actor, self.network_id = why, actor, network_id
        super().__init__(f"The enrolment token {why}. Create a new one for this peer.")


class AlreadyJoined(Conflict):
    """A machine became a peer by a join key, and asks for the same again with another WireGuard key."""

    code = "already_joined"

    def __init__(self, peer_id: str) -> None:
        super().__init__(
            f"This machine joined as peer {peer_id} already, with another WireGuard key. Make a new device key as "
            "well, or go on as that peer."
        )


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
