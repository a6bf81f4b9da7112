"""What is written of a bundle to the disk."""

from agent.bundle.received import applied_to
from agent.core import effects as ef
from agent.errors import StateUnusable
from tests.agent.builders import a_bundle, fetched, received_delta
from tests.agent.run.fakes import FakeStore, a_worker_of


def test_a_delta_is_added_to_the_bundle_before_it_and_after_a_full_disk_all_is_written_anew() -> None:
    store = FakeStore()
    worker = a_worker_of(store=store)
    chain = [fetched(a_bundle(1))]
    for revision in (2, 3, 4):
        chain.append(applied_to(chain[-1], received_delta(a_bundle(revision - 1), a_bundle(revision))))

    worker.perform(ef.Save(chain[0]))
    worker.perform(ef.Save(chain[1]))
    added = (store.kept, store.writes)
    store.trouble = StateUnusable("full")
    worker.perform(ef.Save(chain[2]))
    store.trouble = None
    worker.perform(ef.Save(chain[3]))

    assert added == ([*chain[1].chain], 1)
    assert (store.kept, store.writes) == ([*chain[3].chain], 2)
