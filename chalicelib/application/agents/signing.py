"""Signing what agents act on, and rotating the key.

Requests: 1 and 1 to KMS a process, then 1 a minute; the first signature of a deployment 4 to
KMS and 1 more. A rotation 2, and 3 to KMS.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalicelib.domain.bundle.signing import SigningKey, SigningKeys, public_key_of, signature
from chalicelib.domain.errors import Busy
from chalicelib.domain.ids import NetworkId
from chalicelib.ports.outside import Clock, Vault
from chalicelib.ports.signing import SigningKeyStore

DEPLOYMENT = NetworkId("deployment")  # whose secret a seed is: no network's
KEPT = timedelta(minutes=1)  # after a rotation, how long a process may go on with the former key


@dataclass(slots=True)
class Signing:
    store: SigningKeyStore
    vault: Vault
    clock: Clock
    _known: SigningKeys | None = field(default=None)
    _read_at: datetime | None = field(default=None)

    def sign(self, statement: bytes) -> str:
        """Ed25519 by the current key, base64."""
        return signature(self.vault.open(DEPLOYMENT, self.keys().current.seed), statement)

    def keys(self) -> SigningKeys:
        """Those of the deployment, made when there are none yet."""
        now = self.clock.now()
        if self._known is None or self._read_at is None or now - self._read_at >= KEPT:
            self._known, self._read_at = self.store.get() or self._made(), now
        return self._known

    def rotate(self) -> SigningKeys:
        """Sign with the successor from now on, and name a new one.

        Agents that had no bundle since the last rotation do not know the key that signs then, and
        have to enrol anew: let at least a day pass in between.

        Raises:
            Busy: another rotation was first.
        """
        before = self.store.get() or self._made()
        after = SigningKeys(before.number + 1, before.successor, self._new())
        if not self.store.put(after):
            raise Busy("the signing key")
        self._known, self._read_at = after, self.clock.now()
        return after

    def _made(self) -> SigningKeys:
        made = SigningKeys(1, self._new(), self._new())
        if self.store.put(made):
            return made
        stored = self.store.get()
        assert stored is not None  # it was there a moment ago, and nothing deletes it
        return stored

    def _new(self) -> SigningKey:
        seed = self.vault.seal_new(DEPLOYMENT)
        return SigningKey(seed, public_key_of(self.vault.open(DEPLOYMENT, seed)))
