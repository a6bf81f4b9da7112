"""Enrolling this host: the keys are on the disk before the call, so that it can be repeated if its answer is lost."""

from dataclasses import dataclass
from time import time

from agent.errors import EnrollmentRefused
from agent.identity.enrollment import Enrollment, Keys
from agent.identity.keys import device_public_key, new_device_key, new_wireguard_key, wireguard_public_key
from agent.ports import Enroller, EnrollmentStore, HostFacts
from chalicelib.wire.agent import EnrollRequest


@dataclass(frozen=True, slots=True)
class Enrolling:
    enroller: Enroller
    store: EnrollmentStore
    host: HostFacts

    def enroll(self, server: str, token: str) -> Enrollment:
        """Enrol by a one-time token; the same token again uses the same keys.

        Raises:
            EnrollmentRefused: the control plane's reason; the keys are thrown away.
            Outage: no answer; run it again.
            AlreadyRunning: an agent runs for this network; stop it and run this again.
        """
        keys = self._keys(server, token)
        try:
            enrolled = self.enroller.enroll(self._request(token, keys))
        except EnrollmentRefused:
            self.store.forget_pending_keys(server, token)
            raise
        enrollment = Enrollment(
            server=server,
            network_id=enrolled.network_id,
            peer_id=enrolled.peer_id,
            signing_key=enrolled.signing_key,
            keys=keys,
        )
        kept = self.store.keep(enrollment)
        self.store.forget_pending_keys(server, token)
        return kept

    def _keys(self, server: str, token: str) -> Keys:
        saved = self.store.pending_keys(server, token)
        if saved is not None:
            return saved
        made = Keys(private_key=new_wireguard_key(), device_key=new_device_key(), made_at=time())
        self.store.save_pending_keys(server, token, made)
        return made

    def _request(self, token: str, keys: Keys) -> EnrollRequest:
        return EnrollRequest(
            token=token,
            public_key=wireguard_public_key(keys.private_key),
            device_key=device_public_key(keys.device_key),
            host=self.host.host(),
        )
