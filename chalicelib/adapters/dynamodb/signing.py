"""The deployment's signing keys: one item, each private key sealed in it."""

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import PutError

from chalicelib.adapters.dynamodb.table import Table
from chalicelib.domain.bundle.signing import SigningKey, SigningKeys
from chalicelib.domain.network.network import SealedSecret


class SigningItem(Table):
    """`accounts`: the deployment's signing keys, kind `signing`."""

    KIND, ID = "signing", "keys"

    class Meta(Table.Meta):
        table_name = "accounts"

    kind = UnicodeAttribute(hash_key=True, default=KIND)
    id = UnicodeAttribute(range_key=True, default=ID)
    number = NumberAttribute()
    current_seed = BinaryAttribute(legacy_encoding=False)
    current_public = UnicodeAttribute()
    successor_seed = BinaryAttribute(legacy_encoding=False)
    successor_public = UnicodeAttribute()


class DynamoSigningKeys:
    def get(self) -> SigningKeys | None:
        try:
            item = SigningItem.get(SigningItem.KIND, SigningItem.ID, consistent_read=True)
        except SigningItem.DoesNotExist:
            return None
        return SigningKeys(
            int(item.number),
            SigningKey(SealedSecret(item.current_seed), item.current_public),
            SigningKey(SealedSecret(item.successor_seed), item.successor_public),
        )

    def put(self, keys: SigningKeys) -> bool:
        first, before = SigningItem.number.does_not_exist(), SigningItem.number == keys.number - 1
        these = (
            (SigningItem.number == keys.number)
            & (SigningItem.current_public == keys.current.public)
            & (SigningItem.successor_public == keys.successor.public)
        )
        try:
            SigningItem(
                number=keys.number,
                current_seed=keys.current.seed.sealed,
                current_public=keys.current.public,
                successor_seed=keys.successor.seed.sealed,
                successor_public=keys.successor.public,
            ).save(condition=(first if keys.number == 1 else before) | these)
        except PutError as error:
            if error.cause_response_code != "ConditionalCheckFailedException":
                raise
            return False
        return True
