"""What a provider's token says and does not count, told to whom it concerns."""

from dataclasses import dataclass
from typing import Literal

Code = Literal["email_not_verified", "groups_left_out", "no_groups", "no_group_gives_a_role"]


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why somebody has no role by their provider's word, and what to do. `code` is stable."""

    code: Code
    text: str


def email_not_verified(email: str, subject: str) -> Doubt:
    return Doubt(
        "email_not_verified",
        f"The identity provider does not say that the e-mail address {email} is verified, so it names nobody here. An "
        f"administrator of the deployment can be named by the subject instead: Administrator={subject}",
    )


def groups_left_out(claim: str) -> Doubt:
    return Doubt(
        "groups_left_out",
        f"The identity provider left the groups out of the token because they are too many (overage of the claim "
        f"{claim!r}). Have it send only groups that are assigned to this application, or application roles "
        "(OidcGroupsClaim=roles).",
    )


def no_groups(claim: str) -> Doubt:
    return Doubt(
        "no_groups",
        f"The token says no groups: it has no claim {claim!r} with text or a list of texts. Have the provider add "
        "it, or name the one that it sends in OidcGroupsClaim.",
    )


def no_group_gives_a_role(groups: str) -> Doubt:
    return Doubt(
        "no_group_gives_a_role",
        f"None of the groups that the provider says gives a role here: {groups}. A group counts as a whole: a path "
        "is not cut to its last part, and a text is not split. OidcGroupRoles gives roles to groups of other names.",
    )
