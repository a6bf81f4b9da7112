"""The tables as the template declares them, made on an engine without CloudFormation."""

import os
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import yaml

from chalicelib.settings import Settings, Tables

TEMPLATE = Path(__file__).parents[1] / "resources.yaml"


def environment(prefix: str) -> dict[str, str]:
    """Variables that name tables of their own, on one engine with others."""
    return {"AWS_REGION": "eu-west-1", **{f"{table.upper()}_TABLE": f"{prefix}-{table}" for table in Tables.__slots__}}


@cache
def declared_tables() -> dict[str, dict[str, Any]]:
    """Key schema, attributes and indexes of each table, by its name here."""
    resources = yaml.safe_load(TEMPLATE.read_text())["Resources"]
    tables = {k: v["Properties"] for k, v in resources.items() if v.get("Type") == "AWS::DynamoDB::Table"}
    return {name.removesuffix("Table").lower(): properties for name, properties in tables.items()}


def create_tables(settings: Settings) -> None:
    client = _client(settings)
    for table, properties in declared_tables().items():
        client.create_table(
            TableName=getattr(settings.tables, table),
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=properties["AttributeDefinitions"],
            KeySchema=properties["KeySchema"],
            **{name: properties[name] for name in ("GlobalSecondaryIndexes",) if name in properties},
        )


def drop_tables(settings: Settings) -> None:
    client = _client(settings)
    for table in Tables.__slots__:
        client.delete_table(TableName=getattr(settings.tables, table))


def _client(settings: Settings) -> Any:
    """With the credentials of now: boto3's own session keeps the first, and engines tell tables apart by them."""
    return _session(os.environ.get("AWS_ACCESS_KEY_ID")).client(
        "dynamodb", region_name=settings.region, endpoint_url=settings.endpoint_url
    )


@cache
def _session(_key_id: str | None) -> boto3.session.Session:
    return boto3.session.Session()
