"""API tokens."""

from datetime import UTC, datetime
from typing import Any

from pynamodb.attributes import ListAttribute, NumberAttribute, UnicodeAttribute, UTCDateTimeAttribute

from chalicelib.adapters.dynamodb.table import Table, epoch
from chalicelib.domain.identity.api_token import ApiToken, LastUse, tokens_of
from chalicelib.domain.identity.principal import Role
from chalicelib.domain.identity.tokens import Secret
from chalicelib.domain.ids import NetworkId, PrincipalId


class TokenItem(Table):
    """`accounts`: an API token, kind `token`. It is gone some time after it expired."""

    KIND = "token"

    class Meta(Table.Meta):
        table_name = "accounts"

    kind = UnicodeAttribute(hash_key=True, default=KIND)
    id = UnicodeAttribute(range_key=True)
    maker_name = UnicodeAttribute()
    name = UnicodeAttribute()
    role = UnicodeAttribute()
    networks: ListAttribute[Any] = ListAttribute(null=True)
    secret = UnicodeAttribute()
    created_at = UTCDateTimeAttribute()
    expires_at = NumberAttribute(null=True)
    used_at = UTCDateTimeAttribute(null=True)
    used_from = UnicodeAttribute(null=True)


class DynamoTokens:
    def get(self, token_id: PrincipalId) -> ApiToken | None:
        try:
            return token_value(TokenItem.get(TokenItem.KIND, token_id, consistent_read=True))
        except TokenItem.DoesNotExist:
            return None

    def page(
        self, limit: int, after: PrincipalId | None, maker_id: PrincipalId | None = None
    ) -> tuple[list[ApiToken], PrincipalId | None]:
        first = "" if maker_id is None else tokens_of(maker_id)
        between = TokenItem.id.between(f"{after}!" if after else f"{first}!", f"{first}~")  # around what an id may hold
        items = TokenItem.query(TokenItem.KIND, between, consistent_read=True, limit=limit + 1)
        found = [token_value(item) for item in items]
        return found[:limit], found[limit - 1].id if len(found) > limit else None


def token_item(token: ApiToken) -> TokenItem:
    return TokenItem(
        id=token.id,
        maker_name=token.maker_name,
        name=token.name,
        role=token.role.value,
        networks=None if token.networks is None else sorted(token.networks),
        secret=token.secret,
        created_at=token.created_at,
        expires_at=None if token.expires_at is None else epoch(token.expires_at),
        used_at=None if token.last_use is None else token.last_use.at,
        used_from=None if token.last_use is None else token.last_use.source,
    )


def token_value(item: TokenItem) -> ApiToken:
    return ApiToken(
        id=PrincipalId(item.id),
        maker_name=item.maker_name,
        name=item.name,
        role=Role(item.role),
        networks=None if item.networks is None else frozenset(map(NetworkId, item.networks)),
        secret=Secret(item.secret),
        created_at=item.created_at,
        expires_at=None if item.expires_at is None else datetime.fromtimestamp(int(item.expires_at), UTC),
        last_use=None if item.used_at is None else LastUse(item.used_at, item.used_from),
    )
