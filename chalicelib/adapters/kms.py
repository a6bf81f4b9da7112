"""Secrets sealed by the deployment's KMS key, each for one network.

Opened secrets stay in the process: a function that serves a network asks KMS once.
"""

from typing import Any

from botocore.config import Config
from botocore.session import get_session

from chalicelib.domain.ids import NetworkId
from chalicelib.domain.network.network import SealedSecret
from chalicelib.settings import Settings

KEPT = 1000  # opened secrets of 32 bytes


class KmsVault:
    def __init__(self, settings: Settings) -> None:
        self._key_id = settings.data_key_id
        self._client: Any = get_session().create_client(
            "kms",
            region_name=settings.region,
            endpoint_url=settings.endpoint_url,
            config=Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 3}),
        )
        self._opened: dict[tuple[NetworkId, bytes], bytes] = {}

    def seal_new(self, network_id: NetworkId) -> SealedSecret:
        made = self._client.generate_data_key_without_plaintext(
            KeyId=self._key_id, KeySpec="AES_256", EncryptionContext=_context(network_id)
        )
        return SealedSecret(made["CiphertextBlob"])

    def open(self, network_id: NetworkId, secret: SealedSecret) -> bytes:
        known = (network_id, secret.sealed)
        if known not in self._opened:
            if len(self._opened) >= KEPT:
                self._opened.clear()
            opened = self._client.decrypt(
                KeyId=self._key_id, CiphertextBlob=secret.sealed, EncryptionContext=_context(network_id)
            )
            self._opened[known] = opened["Plaintext"]
        return self._opened[known]


def _context(network_id: NetworkId) -> dict[str, str]:
    """Bound into the seal: the secret of one network opens for no other."""
    return {"network_id": network_id}
