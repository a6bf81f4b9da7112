"""What a role may hand on: an API token does no more than its maker, at the time it is used.

The roles are no ladder. An auditor reads users and exports the audit log, which an operator does not; a member owns
devices, which an auditor does not.
"""

from collections.abc import Mapping, Set

from chalicelib.domain.identity.principal import Role
from chalicelib.domain.ids import NetworkId

HANDED_ON: Mapping[Role, Set[Role]] = {
    Role.ADMINISTRATOR: frozenset(Role),
    Role.OPERATOR: frozenset({Role.OPERATOR, Role.MEMBER}),
    Role.AUDITOR: frozenset({Role.AUDITOR}),
    Role.MEMBER: frozenset({Role.MEMBER}),
}
"""Which roles a role's bearer may give to a token: those whose every right it has."""


def lesser_role(own: Role, maker: Role) -> Role | None:
    """What a token of one role may do whose maker has another; None: nothing, for neither contains the other."""
    if own in HANDED_ON[maker]:
        return own
    return maker if maker in HANDED_ON[own] else None


def common_networks(
    own: frozenset[NetworkId] | None, maker: frozenset[NetworkId] | None
) -> frozenset[NetworkId] | None:
    """The networks of both; None: every network of the deployment."""
    if own is None or maker is None:
        return maker if own is None else own
    return own & maker
