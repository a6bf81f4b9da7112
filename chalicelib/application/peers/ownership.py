"""Peers that are people's own: what a member may ask for, and that an owner is somebody.

Requests: 1 for up to a hundred owners who are named, none where nobody is.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

from chalicelib.application.peers.new_peer import NewPeer
from chalicelib.domain.errors import Invalid, listed
from chalicelib.domain.identity.principal import Principal
from chalicelib.domain.ids import PrincipalId
from chalicelib.domain.peer.ownership import LeftToOperators
from chalicelib.domain.peer.peer import Kind
from chalicelib.ports.users import UserStore

ASKED_BY_MEMBERS = frozenset({"name", "kind", "public_key", "generate_key", "owner_id"})


@dataclass(frozen=True, slots=True)
class Owners:
    users: UserStore

    def strangers(self, owner_ids: Iterable[PrincipalId | None]) -> dict[PrincipalId, Invalid]:
        """Those who are named as owners and are no users here, each with the refusal."""
        named = {owner_id for owner_id in owner_ids if owner_id is not None}
        known = self.users.known(sorted(named)) if named else frozenset()
        return {owner_id: _no_user(owner_id) for owner_id in named - known}

    def require(self, owner_id: PrincipalId | None) -> None:
        """Raises Invalid: no user has this id. None: no owner."""
        for refusal in self.strangers([owner_id]).values():
            raise refusal


def asked_by(new: NewPeer, by: Principal) -> NewPeer:
    """What a caller asks for; a member's peer is their own.

    Raises:
        LeftToOperators: a member asks for a jump, for what operators set, or for another owner.
    """
    if by.own_only is None:
        return new
    if new.kind is Kind.JUMP:
        raise LeftToOperators("A jump peer")
    if new.owner_id not in (None, by.own_only):
        raise LeftToOperators("A peer of another owner")
    plain = NewPeer(name=new.name, kind=new.kind)
    others = (one.name for one in fields(NewPeer) if one.name not in ASKED_BY_MEMBERS)
    asked = [name for name in others if getattr(new, name) != getattr(plain, name)]
    if asked:
        raise LeftToOperators(f"A peer with {listed(asked)} of its own")
    return replace(new, owner_id=by.own_only)


def _no_user(owner_id: PrincipalId) -> Invalid:
    return Invalid([("owner_id", f"There is no user {owner_id}. An owner has signed in here: see GET /users.")])
