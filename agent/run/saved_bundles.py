"""Bundles on the disk: the last good one, and beside it the one on trial."""

from dataclasses import dataclass, field

from agent.bundle.received import Fetched, Received
from agent.ports import Store


@dataclass(slots=True)
class SavedBundles:
    """`_saved`: the chain of the last good bundle, as this process wrote it; `None`: it is not known."""

    store: Store
    _saved: tuple[Received, ...] | None = field(default=None, init=False)

    def save(self, fetched: Fetched) -> None:
        """Keep a bundle as the last good one. A delta is added to the bundle before it, if that is on the disk; else
        the whole chain is written anew.

        Raises:
            StateUnusable: the disk refused.
        """
        saved, self._saved = self._saved, None  # unknown until it is written
        if saved is not None and fetched.chain[:-1] == saved:
            self.store.add_delta(fetched.received)
        else:
            self.store.save_bundle(fetched.chain)
        self._saved = fetched.chain
        self.store.forget_trial()

    def save_trial(self, fetched: Fetched, refused: str | None = None) -> None:
        """Keep a bundle on trial beside the last good one. `refused`: why it was rolled back.

        Raises:
            StateUnusable: the disk refused.
        """
        saved = self._saved or ()
        is_successor = fetched.chain[: len(saved)] == saved
        self.store.save_trial(fetched.chain[len(saved) :] if is_successor else fetched.chain, refused)
