"""An enrolment, and bundles to keep with it."""

from agent.identity.enrollment import Enrollment, Keys
from tests.agent.builders import PEER_ID, SIGNING_KEY, a_bundle, a_peer, public_text


def an_enrollment(network_id: str = "net_1", peer_id: str = PEER_ID) -> Enrollment:
    return Enrollment(
        server="https://a",
        network_id=network_id,
        peer_id=peer_id,
        signing_key=public_text(SIGNING_KEY),
        keys=Keys(private_key="private", device_key="device"),
    )


BUNDLES = [a_bundle(7), a_bundle(8, [a_peer(), a_peer("other", allowed_ips=["10.9.0.7/32"])])]
