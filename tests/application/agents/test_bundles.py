"""What an agent is told, by what it says that it has."""

import pytest

from chalicelib.application.agents.bundles import (
    HeldContent,
    HeldRevision,
    Rendered,
    SameContent,
    Unchanged,
    Whole,
)
from chalicelib.application.agents.snapshots import Difference
from chalicelib.domain.bundle.bundle import Bundle
from chalicelib.domain.identity.principal import Agent
from chalicelib.domain.ids import NetworkId, PeerId, Revision
from tests.builders import a_key
from tests.world import World

GENERATION = 1
Held = HeldRevision | HeldContent | None


class Site:
    """A jump's agent beside a dynamic peer. Content is told by who stands in it and the key that signs next."""

    def __init__(self) -> None:
        self.world = World()
        self.network = self.world.network()
        hub = self.world.agent(self.network, "jump", "hub")
        self.world.agent(self.network, "dynamic", "left")
        self.world.settle()
        enrollment = self.world.outside.tables.peers[NetworkId(self.network), PeerId(hub.peer_id)].enrollment
        assert enrollment is not None
        self.agent = Agent(NetworkId(self.network), PeerId(hub.peer_id), enrollment.admission)

    def answer(self, held: Held) -> Whole | Difference | SameContent | Unchanged:
        return self.world.container.bundles.answer(self.agent, held, self.render)

    def render(self, bundle: Bundle, next_signing_key: str) -> Rendered:
        content = ",".join(section.peer_id for section in bundle.tunnel.sections) + next_signing_key
        return Rendered(content.encode(), content)

    def content(self) -> HeldContent:
        """What the agent has after a whole bundle."""
        whole = self.answer(None)
        assert isinstance(whole, Whole)
        return HeldContent(GENERATION, whole.revision, whole.rendered.hash)

    def change(self, **fields: object) -> None:
        assert self.world.api("POST", f"/networks/{self.network}/peers", fields).status == 201
        self.world.settle()

    def add_file(self) -> None:
        self.change(kind="static", name="phone", public_key=a_key("phone"))

    def add_what_jumps_need_not_know(self) -> None:
        self.change(kind="dynamic", name="not enrolled")


@pytest.fixture
def site() -> Site:
    return Site()


def test_who_has_nothing_gets_the_whole_bundle(site: Site) -> None:
    whole = site.answer(None)

    assert isinstance(whole, Whole)
    assert not whole.has_drifted


def test_what_is_of_another_generation_counts_as_nothing(site: Site) -> None:
    held = site.content()

    assert isinstance(site.answer(HeldRevision(GENERATION + 1, held.revision)), Whole)
    assert isinstance(site.answer(HeldContent(GENERATION + 1, held.revision, held.hash)), Whole)


@pytest.mark.parametrize("generation", [GENERATION, None])
def test_after_a_revision_comes_what_is_newer_or_nothing(site: Site, generation: int | None) -> None:
    held = HeldRevision(generation, site.content().revision)
    nothing = site.answer(held)

    site.add_file()

    assert isinstance(nothing, Unchanged)
    assert isinstance(site.answer(held), Difference)


def test_after_a_revision_that_is_not_known_comes_the_whole_bundle(site: Site) -> None:
    held = HeldRevision(GENERATION, site.content().revision)
    site.add_file()
    site.world.outside.tables.changes.popitem()

    assert isinstance(site.answer(held), Whole)


def test_the_content_that_is_right_is_unchanged_and_later_the_same_under_another_revision(site: Site) -> None:
    held = site.content()
    at_once = site.answer(held)

    site.add_what_jumps_need_not_know()

    assert isinstance(at_once, Unchanged)
    assert site.answer(held) == SameContent(held.revision, Revision(held.revision + 1))


def test_content_of_a_later_revision_than_ours_gets_the_whole_bundle(site: Site) -> None:
    held = site.content()

    assert isinstance(site.answer(HeldContent(GENERATION, Revision(held.revision + 1), held.hash)), Whole)


def test_other_content_has_drifted_unless_a_change_explains_it(site: Site) -> None:
    held = site.content()
    unexplained = site.answer(HeldContent(GENERATION, held.revision, "other"))

    site.add_file()
    explained = site.answer(held)

    assert isinstance(unexplained, Whole)
    assert isinstance(explained, Whole)
    assert (unexplained.has_drifted, explained.has_drifted) == (True, False)


def test_a_rotated_signing_key_explains_other_content(site: Site) -> None:
    held = site.content()
    site.world.container.signing.rotate()

    whole = site.answer(held)

    assert isinstance(whole, Whole)
    assert whole.rendered.hash != held.hash
    assert not whole.has_drifted
