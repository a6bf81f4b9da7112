"""The items of a transaction that are people's, tokens' and the deployment's settings."""

from collections.abc import Callable
from typing import Any, assert_never, cast

from pynamodb.attributes import UnicodeSetAttribute
from pynamodb.expressions.condition import Condition, size

from chalicelib.adapters.dynamodb.accounts import SettingsItem, settings_item
from chalicelib.adapters.dynamodb.api_tokens import TokenItem, token_item
from chalicelib.adapters.dynamodb.join_keys import put_join_key
from chalicelib.adapters.dynamodb.transact import Transaction
from chalicelib.adapters.dynamodb.users import (
    AdministratorsItem,
    EmailItem,
    OwnedItem,
    UserItem,
    owned_key,
    user_item,
)
from chalicelib.domain.identity.user import invitation_id
from chalicelib.domain.identity.writes import (
    ClaimEmail,
    DisownPeers,
    EnterAdministrators,
    IdentityWrite,
    LeaveAdministrators,
    OwnPeers,
    PutJoin,
    PutJoinKey,
    PutSettings,
    PutToken,
    PutUser,
    ReleaseEmail,
    RemoveToken,
    RemoveUser,
    RevokeJoinKey,
    UseJoinKey,
)


def put_identity(  # noqa: C901  one flat case a kind of write
    transaction: Transaction[Any], write: IdentityWrite
) -> None:
    """Add the item of one write."""
    match write:
        case PutUser(user):
            first = UserItem.id.does_not_exist()
            condition = first if user.revision == 1 else UserItem.revision == user.revision - 1
            transaction.put(user_item(user), write, condition)
        case RemoveUser(user):
            transaction.delete(UserItem(id=user.id), write, UserItem.revision == user.revision)
        case PutToken(token):
            transaction.put(token_item(token), write, TokenItem.id.does_not_exist())
        case RemoveToken(token):
            transaction.delete(TokenItem(id=token.id), write, TokenItem.id.exists())
        case PutSettings(settings):
            first = SettingsItem.id.does_not_exist()
            condition = first if settings.revision == 1 else SettingsItem.revision == settings.revision - 1
            transaction.put(settings_item(settings), write, condition)
        case EnterAdministrators(user_id):
            transaction.update(AdministratorsItem(), write, [AdministratorsItem.users.add({user_id})])
        case LeaveAdministrators(user_id, is_fact):
            users = AdministratorsItem.users
            another_stays = users.does_not_exist() | ~users.contains(user_id) | _has_more(users, 1)
            transaction.update(
                AdministratorsItem(), write, [users.delete({user_id})], None if is_fact else another_stays
            )
        case ClaimEmail(email, holder_id, former_id):
            free = EmailItem.id.does_not_exist() if former_id is None else EmailItem.holder_id == former_id
            transaction.put(EmailItem(id=invitation_id(email), holder_id=holder_id), write, free)
        case ReleaseEmail(email, holder_id):
            transaction.delete(EmailItem(id=invitation_id(email)), write, EmailItem.holder_id == holder_id)
        case OwnPeers(owner_id, network_id, peer_ids, limit):
            peers = OwnedItem.peers
            has_room = None if limit is None else _has_room(limit)
            added = peers.add({owned_key(network_id, peer_id) for peer_id in peer_ids})
            transaction.update(OwnedItem(id=owner_id), write, [added], has_room)
        case DisownPeers(owner_id, network_id, peer_ids):
            taken = OwnedItem.peers.delete({owned_key(network_id, peer_id) for peer_id in peer_ids})
            transaction.update(OwnedItem(id=owner_id), write, [taken])
        case PutJoinKey() | RevokeJoinKey() | UseJoinKey() | PutJoin():
            put_join_key(transaction, write)
        case _:
            assert_never(write)


def _has_room(limit: int) -> Condition:
    """A person owns fewer peers; who owns none has no set of them."""
    peers, is_full = OwnedItem.peers, _has_more(OwnedItem.peers, limit - 1)
    return cast(Condition, peers.does_not_exist() | ~is_full if limit > 0 else peers.exists() & ~is_full)


def _has_more(values: UnicodeSetAttribute, count: int) -> Condition:
    size_of: Callable[[UnicodeSetAttribute], Any] = size
    return cast(Condition, size_of(values) > count)
