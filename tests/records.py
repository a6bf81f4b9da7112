"""Records of the streams, as DynamoDB hands them over."""

from typing import Any

from chalicelib.adapters.dynamodb.accounts import settings_item
from chalicelib.adapters.dynamodb.api_tokens import token_item
from chalicelib.adapters.dynamodb.change import change_item
from chalicelib.adapters.dynamodb.facts import fact_item
from chalicelib.adapters.dynamodb.table import Table
from chalicelib.adapters.dynamodb.users import user_item
from chalicelib.adapters.memory.tables import Account
from chalicelib.domain.change.change import Change
from chalicelib.domain.identity.api_token import ApiToken
from chalicelib.domain.identity.deployment import DeploymentSettings
from chalicelib.domain.identity.user import User
from chalicelib.domain.peer.presence import Fact


def change_record(change: Change) -> dict[str, Any]:
    image = change_item(change).serialize()
    keys = {"network_id": image["network_id"], "item": image["item"]}
    return {"dynamodb": {"SequenceNumber": str(change.revision), "Keys": keys, "NewImage": image}}


def account_record(before: Account | None, after: Account | None) -> dict[str, Any]:
    """`eventName` is left out: the event source's filter looks at it, and nobody else."""
    images = {"OldImage": before, "NewImage": after}
    written = {name: _item(account).serialize() for name, account in images.items() if account is not None}
    image = next(iter(written.values()))
    return {"dynamodb": {"SequenceNumber": "1", "Keys": {"kind": image["kind"], "id": image["id"]}, **written}}


def _item(account: Account) -> Table:
    match account:
        case User():
            return user_item(account)
        case ApiToken():
            return token_item(account)
        case DeploymentSettings():
            return settings_item(account)


def fact_record(fact: Fact) -> dict[str, Any]:
    image = fact_item(fact).serialize()
    keys = {"peer_id": image["peer_id"], "item": image["item"]}
    return {"dynamodb": {"SequenceNumber": "1", "Keys": keys, "NewImage": image}}
