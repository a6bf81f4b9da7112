"""Join keys of networks, and which machines used them."""

from typing import Protocol

from chalicelib.domain.identity.join_key import DeviceHash, Join, JoinKey
from chalicelib.domain.ids import JoinKeyId, NetworkId


class JoinKeyStore(Protocol):
    """Reads are consistent; commits write."""

    def get(self, network_id: NetworkId, key_id: JoinKeyId) -> JoinKey | None:
        """1 request."""
        ...

    def with_join(
        self, network_id: NetworkId, key_id: JoinKeyId, device: DeviceHash
    ) -> tuple[JoinKey | None, Join | None]:
        """A key, and what a machine became by it. 1 request."""
        ...

    def page(
        self, network_id: NetworkId, limit: int, after: JoinKeyId | None
    ) -> tuple[list[JoinKey], JoinKeyId | None]:
        """The next keys by id, and the id to go on after; None: there are no more. 1 request."""
        ...
