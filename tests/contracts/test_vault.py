"""The network's secret under a seal of KMS."""

from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from chalicelib.adapters.kms import KmsVault
from chalicelib.domain.ids import NetworkId
from chalicelib.settings import settings_from

LAB, OTHER = NetworkId("net_lab"), NetworkId("net_other")


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch) -> Iterator[KmsVault]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        key = boto3.client("kms", region_name="eu-west-1").create_key()["KeyMetadata"]["KeyId"]
        yield KmsVault(settings_from({"AWS_REGION": "eu-west-1", "DATA_KEY_ID": key}))


def test_a_secret_opens_to_the_same_bytes_and_no_two_are_alike(vault: KmsVault) -> None:
    first, second = vault.seal_new(LAB), vault.seal_new(LAB)

    assert vault.open(LAB, first) == vault.open(LAB, first)
    assert len(vault.open(LAB, first)) == 32
    assert vault.open(LAB, first) != vault.open(LAB, second)
    assert vault.open(LAB, first) not in first.sealed
    assert "sealed" not in repr(first)


def test_a_secret_of_one_network_opens_for_no_other(vault: KmsVault) -> None:
    sealed = vault.seal_new(LAB)

    with pytest.raises(ClientError):
        vault.open(OTHER, sealed)
