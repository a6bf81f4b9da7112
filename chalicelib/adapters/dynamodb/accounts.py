"""People and API tokens."""

from datetime import UTC, datetime
from typing import Any

from pynamodb.attributes import ListAttribute, NumberAttribute, UnicodeAttribute, UTCDateTimeAttribute
from pynamodb.exceptions import PutError

from chalicelib.adapters.dynamodb.table import Table, epoch
from chalicelib.domain.identity.principal import Principal, Role
from chalicelib.domain.identity.tokens import Secret
from chalicelib.domain.identity.user import User
from chalicelib.domain.ids import NetworkId, PrincipalId
from chalicelib.ports.accounts import ApiToken


class TokenItem(Table):
    """`accounts`: an API token, kind `token`."""

    KIND = "token"

    class Meta(Table.Meta):
        table_name = "accounts"

    kind = UnicodeAttribute(hash_key=True, default=KIND)
    id = UnicodeAttribute(range_key=True)
    name = UnicodeAttribute()
    role = UnicodeAttribute()
    networks: ListAttribute[Any] = ListAttribute(null=True)
    secret = UnicodeAttribute()
    expires_at = NumberAttribute(null=True)


class UserItem(Table):
    """`accounts`: a person, kind `user`."""

    KIND = "user"

    class Meta(Table.Meta):
        table_name = "accounts"

    kind = UnicodeAttribute(hash_key=True, default=KIND)
    id = UnicodeAttribute(range_key=True)
    subject = UnicodeAttribute()
    email = UnicodeAttribute(null=True)
    name = UnicodeAttribute(null=True)
    created_at = UTCDateTimeAttribute()
    role = UnicodeAttribute(null=True)
    networks: ListAttribute[Any] = ListAttribute(default=list)


class DynamoAccounts:
    def get_user(self, user_id: PrincipalId) -> User | None:
        try:
            item = UserItem.get(UserItem.KIND, user_id, consistent_read=True)
        except UserItem.DoesNotExist:
            return None
        role = None if item.role is None else Role(item.role)
        networks = frozenset(map(NetworkId, item.networks))
        return User(PrincipalId(item.id), item.subject, item.email, item.name, item.created_at, role, networks)

    def add_user(self, user: User) -> None:
        item = UserItem(
            id=user.id,
            subject=user.subject,
            email=user.email,
            name=user.name,
            created_at=user.created_at,
            role=None if user.role is None else user.role.value,
            networks=sorted(user.networks),
        )
        try:
            item.save(condition=UserItem.id.does_not_exist())
        except PutError as error:
            if error.cause_response_code != "ConditionalCheckFailedException":
                raise

    def put_token(self, token: ApiToken) -> None:
        principal = token.principal
        TokenItem(
            id=principal.id,
            name=principal.name,
            role=principal.role.value,
            networks=None if principal.networks is None else sorted(principal.networks),
            secret=token.secret,
            expires_at=None if token.expires_at is None else epoch(token.expires_at),
        ).save()

    def get_token(self, token_id: str) -> ApiToken | None:
        try:
            item = TokenItem.get(TokenItem.KIND, token_id, consistent_read=True)
        except TokenItem.DoesNotExist:
            return None
        networks = None if item.networks is None else frozenset(map(NetworkId, item.networks))
        return ApiToken(
            Principal(PrincipalId(item.id), item.name, Role(item.role), networks),
            Secret(item.secret),
            None if item.expires_at is None else datetime.fromtimestamp(int(item.expires_at), UTC),
        )
