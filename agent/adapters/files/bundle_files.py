"""The bundles of one enrolment: the last good one, and one on trial beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from agent.adapters.files.parsed_files import parsed
from agent.adapters.files.whole_files import append, read, remove, write_whole
from agent.bundle.received import Fetched, Received, TrialBundle, made_of, subject_of
from agent.errors import BundleRefused, DeltaRefused, SignatureInvalid, StateUnusable
from agent.identity.enrollment import Enrollment
from agent.identity.trust import Trust
from chalicelib.wire.codec import decode, encode

BUNDLE = "bundle.jsonl"
TRIAL = "trial.json"


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """`refused`: why the bundle was rolled back; None: its trial is not over."""

    chain: list[Received]
    refused: str | None


@dataclass(frozen=True, slots=True)
class BundleFiles:
    """`path`: the enrolment's directory. Everything is checked by its signature when it is read."""

    path: Path

    def bundle(self, enrollment: Enrollment, trust: Trust) -> Fetched | None:
        """The last good bundle: the whole one, and the deltas after it up to the first whose signature is bad.

        None: there is none of this enrolment, so that it is fetched again.
        """
        fetched: Fetched | None = None
        for line in (read(self.path / BUNDLE) or b"").splitlines():
            try:
                received = decode(line, Received)
                _check(received, enrollment, trust)
                fetched = made_of([received], fetched)
            except (msgspec.DecodeError, SignatureInvalid, BundleRefused, DeltaRefused):
                break  # torn by a crash, or changed by somebody: what stands before it is good
        return fetched

    def save_bundle(self, chain: Sequence[Received]) -> None:
        write_whole(self.path / BUNDLE, b"".join(map(_line, chain)))

    def add_delta(self, received: Received) -> None:
        append(self.path / BUNDLE, _line(received))

    def trial(self, enrollment: Enrollment, trust: Trust, good: Fetched | None) -> TrialBundle | None:
        """A bundle newer than the last good one that is on trial or was refused; None: there is none."""
        try:
            kept = parsed(self.path / TRIAL, Trial)
            for received in kept.chain if kept is not None else ():
                _check(received, enrollment, trust)
            tried = made_of(kept.chain, good) if kept is not None else None
        except (StateUnusable, msgspec.DecodeError, SignatureInvalid, BundleRefused, DeltaRefused):
            return None  # changed by somebody, or to another bundle: it is fetched again
        if kept is None or tried is None or (good is not None and tried.version <= good.version):
            return None
        return TrialBundle(tried, kept.refused)

    def save_trial(self, chain: Sequence[Received], refused: str | None = None) -> None:
        write_whole(self.path / TRIAL, encode(Trial(chain=list(chain), refused=refused)))

    def forget_trial(self) -> None:
        remove(self.path / TRIAL)

    def has_open_trial(self) -> bool:
        try:
            kept = parsed(self.path / TRIAL, Trial)
        except StateUnusable:
            return False
        return kept is not None and kept.refused is None


def _check(received: Received, enrollment: Enrollment, trust: Trust) -> None:
    """Check the signature. Raises SignatureInvalid, or msgspec.DecodeError where it is no bundle."""
    subject = subject_of(received, enrollment.network_id, enrollment.peer_id)
    trust.check_kept(subject, received.body.encode(), received.signature)


def _line(received: Received) -> bytes:
    return encode(received) + b"\n"
