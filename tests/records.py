"""Records of the streams, as DynamoDB hands them over."""

from typing import Any

from chalicelib.adapters.dynamodb.change import change_item
from chalicelib.adapters.dynamodb.facts import fact_item
from chalicelib.domain.change.change import Change
from chalicelib.domain.peer.presence import Fact


def change_record(change: Change) -> dict[str, Any]:
    image = change_item(change).serialize()
    keys = {"network_id": image["network_id"], "item": image["item"]}
    return {"dynamodb": {"SequenceNumber": str(change.revision), "Keys": keys, "NewImage": image}}


def fact_record(fact: Fact) -> dict[str, Any]:
    image = fact_item(fact).serialize()
    keys = {"peer_id": image["peer_id"], "item": image["item"]}
    return {"dynamodb": {"SequenceNumber": "1", "Keys": keys, "NewImage": image}}
