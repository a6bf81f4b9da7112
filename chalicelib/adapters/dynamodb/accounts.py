"""API tokens."""

from datetime import UTC, datetime

from chalicelib.adapters.dynamodb.models import TokenItem
from chalicelib.adapters.dynamodb.values import epoch
from chalicelib.domain.ids import NetworkId, PrincipalId
from chalicelib.domain.principal import Principal, Role
from chalicelib.domain.tokens import Secret
from chalicelib.ports import ApiToken


class DynamoAccounts:
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
