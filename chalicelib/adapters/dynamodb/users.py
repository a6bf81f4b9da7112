"""People: their records, who of them is an administrator, and which peers they own."""

from collections.abc import Collection
from typing import Any

from pynamodb.attributes import (
    BooleanAttribute,
    ListAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
)

from chalicelib.adapters.dynamodb.table import Table
from chalicelib.domain.identity.principal import Role
from chalicelib.domain.identity.user import User
from chalicelib.domain.ids import NetworkId, PeerId, PrincipalId, Revision

SEPARATOR = "/"  # between the ids of a network and a peer


class UserItem(Table):
    """`accounts`: a person or an invitation, kind `user`."""

    KIND = "user"

    class Meta(Table.Meta):
        table_name = "accounts"

    kind = UnicodeAttribute(hash_key=True, default=KIND)
    id = UnicodeAttribute(range_key=True)
    issuer = UnicodeAttribute(null=True)
    subject = UnicodeAttribute(null=True)
    email = UnicodeAttribute(null=True)
    name = UnicodeAttribute(null=True)
    created_at = UTCDateTimeAttribute()
    role = UnicodeAttribute(null=True)
    networks: ListAttribute[Any] = ListAttribute(null=True)
    group_role = UnicodeAttribute(null=True)
    is_suspended = BooleanAttribute(default=False)
    invited_by = UnicodeAttribute(null=True)
    last_seen_at = UTCDateTimeAttribute(null=True)
    told_at = UTCDateTimeAttribute(null=True)
    is_administrator = BooleanAttribute(default=False)
    revision = NumberAttribute(default=1)


class EmailItem(Table):
    """`accounts`: who holds an e-mail address, kind `email`; the id is that of an invitation of the address."""

    KIND = "email"

    class Meta(Table.Meta):
        table_name = "accounts"

    kind = UnicodeAttribute(hash_key=True, default=KIND)
    id = UnicodeAttribute(range_key=True)
    holder_id = UnicodeAttribute()


class AdministratorsItem(Table):
    """`accounts`: the ids of the administrators, kind and id `administrators`."""

    KIND = "administrators"

    class Meta(Table.Meta):
        table_name = "accounts"

    kind = UnicodeAttribute(hash_key=True, default=KIND)
    id = UnicodeAttribute(range_key=True, default=KIND)
    users = UnicodeSetAttribute(null=True)


class OwnedItem(Table):
    """`accounts`: the peers of a person, `network/peer`, kind `owned`; the id is the person's."""

    KIND = "owned"

    class Meta(Table.Meta):
        table_name = "accounts"

    kind = UnicodeAttribute(hash_key=True, default=KIND)
    id = UnicodeAttribute(range_key=True)
    peers = UnicodeSetAttribute(null=True)


class DynamoUsers:
    def get(self, user_id: PrincipalId) -> User | None:
        try:
            return user_value(UserItem.get(UserItem.KIND, user_id, consistent_read=True))
        except UserItem.DoesNotExist:
            return None

    def known(self, user_ids: Collection[PrincipalId]) -> frozenset[PrincipalId]:
        keys = [(UserItem.KIND, user_id) for user_id in user_ids]
        found = UserItem.batch_get(keys, consistent_read=True, attributes_to_get=["id"])
        return frozenset(PrincipalId(item.id) for item in found)

    def page(self, limit: int, after: PrincipalId | None) -> tuple[list[User], PrincipalId | None]:
        later = None if after is None else UserItem.id > after
        found = [
            user_value(item) for item in UserItem.query(UserItem.KIND, later, consistent_read=True, limit=limit + 1)
        ]
        return found[:limit], found[limit - 1].id if len(found) > limit else None

    def administrators(self) -> frozenset[PrincipalId]:
        key = AdministratorsItem.KIND
        try:
            users = AdministratorsItem.get(key, key, consistent_read=True).users
        except AdministratorsItem.DoesNotExist:
            return frozenset()
        return frozenset(map(PrincipalId, users or ()))

    def owned(self, owner_id: PrincipalId) -> list[tuple[NetworkId, PeerId]]:
        try:
            peers = OwnedItem.get(OwnedItem.KIND, owner_id, consistent_read=True).peers
        except OwnedItem.DoesNotExist:
            return []
        return [_owned(text) for text in sorted(peers or ())]

    def owned_counts(self, owner_ids: Collection[PrincipalId]) -> dict[PrincipalId, int]:
        keys = [(OwnedItem.KIND, owner_id) for owner_id in owner_ids]
        found = OwnedItem.batch_get(keys, consistent_read=True) if keys else ()
        return {PrincipalId(item.id): len(item.peers or ()) for item in found}


def user_item(user: User) -> UserItem:
    return UserItem(
        id=user.id,
        issuer=user.issuer,
        subject=user.subject,
        email=user.email,
        name=user.name,
        created_at=user.created_at,
        role=None if user.role is None else user.role.value,
        networks=None if user.networks is None else sorted(user.networks),
        group_role=None if user.group_role is None else user.group_role.value,
        is_suspended=user.is_suspended,
        invited_by=user.invited_by,
        last_seen_at=user.last_seen_at,
        told_at=user.told_at,
        is_administrator=user.is_administrator,
        revision=user.revision,
    )


def user_value(item: UserItem) -> User:
    return User(
        id=PrincipalId(item.id),
        issuer=item.issuer,
        subject=item.subject,
        email=item.email,
        name=item.name,
        created_at=item.created_at,
        role=None if item.role is None else Role(item.role),
        networks=None if item.networks is None else frozenset(map(NetworkId, item.networks)),
        group_role=None if item.group_role is None else Role(item.group_role),
        is_suspended=item.is_suspended,
        invited_by=None if item.invited_by is None else PrincipalId(item.invited_by),
        last_seen_at=item.last_seen_at,
        told_at=item.told_at,
        is_administrator=item.is_administrator,
        revision=Revision(int(item.revision)),
    )


def owned_key(network_id: NetworkId, peer_id: PeerId) -> str:
    return f"{network_id}{SEPARATOR}{peer_id}"


def _owned(text: str) -> tuple[NetworkId, PeerId]:
    network_id, _, peer_id = text.partition(SEPARATOR)
    return NetworkId(network_id), PeerId(peer_id)
