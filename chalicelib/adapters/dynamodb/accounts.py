"""Who a credential belongs to: the items of a check in one `BatchGetItem`; and the deployment's settings."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.connection import Connection
from pynamodb.exceptions import UpdateError

from chalicelib.adapters.dynamodb.api_tokens import TokenItem, token_value
from chalicelib.adapters.dynamodb.table import Table
from chalicelib.adapters.dynamodb.users import EmailItem, UserItem, user_value
from chalicelib.domain.errors import Unavailable
from chalicelib.domain.identity.api_token import ApiToken, LastUse, maker_of
from chalicelib.domain.identity.deployment import DeploymentSettings
from chalicelib.domain.identity.principal import Role
from chalicelib.domain.identity.user import User, invitation_id
from chalicelib.domain.ids import PrincipalId, Revision

CONDITION = "ConditionalCheckFailedException"
ATTEMPTS = 3  # of a read that answered only some of its items
Item = TypeVar("Item", bound=Table)


class SettingsItem(Table):
    """`accounts`: what administrators decide for the deployment, kind and id `settings`."""

    KIND = "settings"

    class Meta(Table.Meta):
        table_name = "accounts"

    kind = UnicodeAttribute(hash_key=True, default=KIND)
    id = UnicodeAttribute(range_key=True, default=KIND)
    default_role = UnicodeAttribute(null=True)
    member_peer_limit = NumberAttribute()
    revision = NumberAttribute()


class DynamoAccounts:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def user(self, user_id: PrincipalId) -> tuple[User | None, DeploymentSettings | None]:
        found = read_whole(self._connection, [(UserItem.KIND, user_id), (SettingsItem.KIND, SettingsItem.KIND)])
        return _user(found), _settings(found)

    def token(self, token_id: PrincipalId) -> tuple[ApiToken | None, User | None, DeploymentSettings | None]:
        keys = [(TokenItem.KIND, token_id), (UserItem.KIND, maker_of(token_id))]
        found = read_whole(self._connection, [*keys, (SettingsItem.KIND, SettingsItem.KIND)])
        token = _item(TokenItem, found, TokenItem.KIND)
        return None if token is None else token_value(token), _user(found), _settings(found)

    def settings(self) -> DeploymentSettings | None:
        return _settings(read_whole(self._connection, [(SettingsItem.KIND, SettingsItem.KIND)]))

    def of_email(self, email: str) -> tuple[PrincipalId | None, User | None]:
        key = invitation_id(email)
        found = read_whole(self._connection, [(EmailItem.KIND, key), (UserItem.KIND, key)])
        held = _item(EmailItem, found, EmailItem.KIND)
        return None if held is None else PrincipalId(held.holder_id), _user(found)

    def note_seen(self, user: User, at: datetime) -> None:
        """Nothing that decides what the person may do: that may have changed since it was read."""
        name = UserItem.name.remove() if user.name is None else UserItem.name.set(user.name)
        told_at = UserItem.told_at.remove() if user.told_at is None else UserItem.told_at.set(user.told_at)
        seen_at = UserItem.last_seen_at.set(at)
        try:
            UserItem(id=user.id).update(actions=[name, told_at, seen_at], condition=UserItem.id.exists())
        except UpdateError as error:
            _pass_if_unmet(error)

    def note_use(self, token: ApiToken, use: LastUse) -> None:
        source = TokenItem.used_from.remove() if use.source is None else TokenItem.used_from.set(use.source)
        try:
            TokenItem(id=token.id).update(
                actions=[TokenItem.used_at.set(use.at), source], condition=TokenItem.id.exists()
            )
        except UpdateError as error:
            _pass_if_unmet(error)


def read_whole(
    connection: Connection, keys: Sequence[tuple[str, str]], table: str | None = None
) -> list[dict[str, Any]]:
    """Items by kind and id, as they are stored; 1 request.

    Args:
        table: None: the accounts.

    Raises:
        Unavailable: DynamoDB answered only some of the items each time.
    """
    table = table or UserItem.Meta.table_name
    wanted: Any = [{"kind": kind, "id": key} for kind, key in keys]  # PynamoDB says it takes text: it takes keys
    found: list[dict[str, Any]] = []
    for _ in range(ATTEMPTS):
        answer = connection.batch_get_item(table, wanted, consistent_read=True)
        found += answer["Responses"].get(table, [])
        left = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
        if not left:
            return found
        wanted = [{name: value["S"] for name, value in key.items()} for key in left]
    raise Unavailable("The store is busy. Try again in a moment.")


def settings_item(settings: DeploymentSettings) -> SettingsItem:
    return SettingsItem(
        default_role=None if settings.default_role is None else settings.default_role.value,
        member_peer_limit=settings.member_peer_limit,
        revision=settings.revision,
    )


def _user(found: Sequence[dict[str, Any]]) -> User | None:
    item = _item(UserItem, found, UserItem.KIND)
    return None if item is None else user_value(item)


def _settings(found: Sequence[dict[str, Any]]) -> DeploymentSettings | None:
    item = _item(SettingsItem, found, SettingsItem.KIND)
    return None if item is None else settings_value(item)


def settings_value(item: SettingsItem) -> DeploymentSettings:
    role = None if item.default_role is None else Role(item.default_role)
    return DeploymentSettings(role, int(item.member_peer_limit), Revision(int(item.revision)))


def _item(model: type[Item], found: Sequence[dict[str, Any]], kind: str) -> Item | None:
    raw = next((raw for raw in found if raw["kind"]["S"] == kind), None)
    return None if raw is None else model.from_raw_data(raw)


def _pass_if_unmet(error: UpdateError) -> None:
    if error.cause_response_code != CONDITION:
        raise error
