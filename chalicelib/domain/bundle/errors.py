"""Why there is no bundle."""

from chalicelib.domain.errors import Unavailable


class BundleTooLarge(Unavailable):
    """An agent's bundle does not fit into an answer, even compressed; its last good one stays in force."""

    code = "bundle_too_large"
    retry_after_s = 3600

    def __init__(self, size_bytes: int, most_bytes: int) -> None:
        super().__init__(
            f"The bundle takes {size_bytes} bytes, and {most_bytes} can be sent. Shorten the ACL or the CIDRs behind "
            "peers, or move peers to another network."
        )
