"""Records of the streams: changes, and facts of presence."""

from collections.abc import Mapping
from typing import Any

from chalicelib.adapters.dynamodb.change import ChangeItem, change_value
from chalicelib.adapters.dynamodb.facts import FactItem, fact_value
from chalicelib.domain.change.change import Change
from chalicelib.domain.ids import NetworkId, Revision
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


def key_of(record: Mapping[str, Any]) -> tuple[NetworkId, Revision]:
    """Network and revision by the record's keys, for when its image does not parse."""
    keys = record["dynamodb"]["Keys"]
    return NetworkId(keys["network_id"]["S"]), Revision(int(keys["item"]["S"]))
