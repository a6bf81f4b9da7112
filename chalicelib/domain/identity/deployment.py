"""What administrators decide for the whole deployment."""

from dataclasses import dataclass

from chalicelib.domain.identity.principal import Role
from chalicelib.domain.ids import Revision

MEMBER_PEER_LIMIT = 5
UNWRITTEN = Revision(0)


@dataclass(frozen=True, slots=True)
class DeploymentSettings:
    """`default_role`: of people nobody gave a role; None: they stay outside. `member_peer_limit`: so many peers a
    member may own. `revision` 0: never written."""

    default_role: Role | None
    member_peer_limit: int = MEMBER_PEER_LIMIT
    revision: Revision = UNWRITTEN
