"""Health, and who is asking."""

from typing import Literal

from chalicelib.wire.codec import Answer

Role = Literal["administrator", "operator", "member", "auditor"]


class Health(Answer, frozen=True):
    status: Literal["ok"]
    version: str


class Me(Answer, frozen=True):
    """The caller. `networks` null: every network of the deployment."""

    id: str
    kind: Literal["api_token", "user"]
    name: str
    role: Role
    networks: list[str] | None
