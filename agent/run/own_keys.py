"""The host's own key pairs: made, and brought into use. A pair is on the disk before it is used."""

from dataclasses import dataclass
from time import time

from msgspec.structs import replace

from agent.errors import ToolFailed
from agent.identity.enrollment import Keys
from agent.identity.keys import new_wireguard_key, wireguard_public_key
from agent.ports import KeyChange, KeyStore


@dataclass(slots=True)
class Pairs:
    """`keys`: as they are on the disk."""

    keys: Keys
    store: KeyStore
    tunnel: KeyChange

    @property
    def in_use(self) -> str:
        """The public key of the pair in use."""
        return wireguard_public_key(self.keys.private_key)

    def make_next(self) -> str:
        """Make the next pair, and answer its public key."""
        made = new_wireguard_key()
        self._keep(replace(self.keys, next_private_key=made))
        return wireguard_public_key(made)

    def switch(self, public_key: str) -> None:
        """Use the next pair from the tunnel's next `apply` on. It is written to the disk first, for it is the one
        that the other peers expect, whatever happens then.

        Raises:
            ToolFailed: it is not the next pair.
        """
        private_key = self.keys.next_private_key
        if private_key is None or wireguard_public_key(private_key) != public_key:
            raise ToolFailed("the next key is not on the disk any more")
        self._keep(replace(self.keys, private_key=private_key, made_at=time(), next_private_key=None))
        self.tunnel.use_key(private_key)

    def _keep(self, keys: Keys) -> None:
        self.store.save_keys(keys)
        self.keys = keys
