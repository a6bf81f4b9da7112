"""Records of the streams: changes, facts of presence, and accounts."""

from collections.abc import Mapping
from typing import Any

from pynamodb.exceptions import AttributeDeserializationError

from chalicelib.adapters.dynamodb.accounts import SettingsItem, settings_value
from chalicelib.adapters.dynamodb.api_tokens import TokenItem
from chalicelib.adapters.dynamodb.change import ChangeItem, change_value
from chalicelib.adapters.dynamodb.facts import FactItem, fact_value
from chalicelib.adapters.dynamodb.users import UserItem, user_value
from chalicelib.domain.change.change import Change
from chalicelib.domain.identity.account_change import (
    AccountChange,
    PersonChanged,
    TokenEnded,
    change_of_settings,
    change_of_user,
)
from chalicelib.domain.identity.deployment import DeploymentSettings
from chalicelib.domain.identity.user import User
from chalicelib.domain.ids import NetworkId, PrincipalId, Revision
from chalicelib.domain.peer.presence import Fact


def change_from(record: Mapping[str, Any]) -> Change:
    """Read one stream record with its new image; raises whatever a malformed one causes."""
    item = ChangeItem()
    item.deserialize(record["dynamodb"]["NewImage"])
    return change_value(item)


def fact_from(record: Mapping[str, Any]) -> Fact:
    """Read one stream record with its new image; raises whatever a malformed one causes."""
    item = FactItem()
    item.deserialize(record["dynamodb"]["NewImage"])
    return fact_value(item)


def account_change_from(record: Mapping[str, Any]) -> AccountChange | None:
    """Read one stream record with both images.

    Raises:
        KeyError: it does not say which account it is of.
    """
    keys, images = record["dynamodb"]["Keys"], record["dynamodb"]
    kind, account_id = keys["kind"]["S"], PrincipalId(keys["id"]["S"])
    before, after = images.get("OldImage"), images.get("NewImage")
    match kind:
        case UserItem.KIND:
            return _change_of_user(account_id, before, after)
        case TokenItem.KIND:
            return TokenEnded(account_id) if after is None else None
        case SettingsItem.KIND:
            return change_of_settings(_settings(before), _settings(after))
        case _:
            return None


def _change_of_user(user_id: PrincipalId, before: Any, after: Any) -> PersonChanged | None:
    """One that cannot be read has changed for all we know: their sockets come back when they may."""
    if before is None:
        return None
    try:
        return change_of_user(_user(before), None if after is None else _user(after))
    except (KeyError, TypeError, ValueError, AttributeDeserializationError):
        return PersonChanged(user_id)


def _user(image: Any) -> User:
    item = UserItem()
    item.deserialize(image)
    return user_value(item)


def _settings(image: Any) -> DeploymentSettings | None:
    if image is None:
        return None
    item = SettingsItem()
    item.deserialize(image)
    return settings_value(item)


def key_of(record: Mapping[str, Any]) -> tuple[NetworkId, Revision]:
    """Network and revision by the record's keys, for when its image does not parse."""
    keys = record["dynamodb"]["Keys"]
    return NetworkId(keys["network_id"]["S"]), Revision(int(keys["item"]["S"]))
