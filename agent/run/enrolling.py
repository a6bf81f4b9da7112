"""Enrolling this host by a one-time token, or by a join key: its own keys are on the disk before the call, so that it
can be repeated if its answer is lost."""

from collections.abc import Callable
from dataclasses import dataclass
from time import time

from agent.errors import EnrollmentRefused
from agent.identity.enrollment import Enrollment, Keys
from agent.identity.keys import device_public_key, new_device_key, new_wireguard_key, wireguard_public_key
from agent.ports import Enroller, EnrollmentStore, HostFacts
from chalicelib.wire.agent import Enrolled, EnrollRequest, Joined, JoinRequest


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
        return self._keep(server, token, lambda keys: self.enroller.enroll(self._request(token, keys)))

    def join(self, server: str, key: str) -> tuple[Enrollment, bool]:
        """Become a peer by a network's join key, unless it was done; and whether somebody has to approve it.

        Raises:
            EnrollmentRefused: the control plane's reason; the keys are thrown away.
            Outage: no answer; run it again.
        """
        answers: list[Joined] = []

        def joined(keys: Keys) -> Joined:
            answers[:] = [self.enroller.join(self._join_request(key, keys))]
            return answers[0]

        return self._keep(server, key, joined), answers[0].awaits_approval

    def _keep(self, server: str, token: str, ask: Callable[[Keys], Enrolled | Joined]) -> Enrollment:
        keys = self._keys(server, token)
        try:
            enrolled = ask(keys)
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

    def _join_request(self, key: str, keys: Keys) -> JoinRequest:
        return JoinRequest(
            key=key,
            public_key=wireguard_public_key(keys.private_key),
            device_key=device_public_key(keys.device_key),
            host=self.host.host(),
        )
