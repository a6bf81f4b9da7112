"""A jump that serves again: when its peers come back."""

from tests.application.agents.failover_site import MINUTE, Site, gone


def test_all_come_back_after_five_minutes_of_service(site: Site) -> None:
    gone(site.first)
    site.accuse(site.left, site.first)
    site.world.live()
    site.live(10, [site.second])
    assert site.homes()["left"] == "second"

    site.first.connect()
    site.live(4, [site.first, site.second])
    early = site.homes()
    site.live(3, [site.first, site.second])

    assert (early["left"], early["right"]) == ("second", "second")
    assert (site.homes()["left"], site.homes()["right"]) == ("first", "first")
    assert site.changes()[0]["what"] == "jump_up"


def test_a_jump_that_falls_silent_within_the_five_minutes_has_to_serve_them_anew(site: Site) -> None:
    gone(site.first)
    site.accuse(site.left, site.first)
    site.world.live()
    site.first.connect()
    site.live(3, [site.first])
    site.world.live(3 * MINUTE)  # nothing is heard of it, on an open socket

    site.live(4, [site.first])
    early = site.homes()["left"]
    site.live(3, [site.first])

    assert (early, site.homes()["left"]) == ("second", "first")


def test_a_peer_that_moved_alone_comes_back_when_it_no_longer_finds_the_jump_dead(site: Site) -> None:
    site.accuse(site.left, site.first)
    site.world.live()
    site.first.send({"type": "probe_reply"})
    site.live(12, [site.first])
    still_dead = site.homes()["left"]

    site.beat(site.left)
    site.live(4, [site.first])
    early = site.homes()["left"]
    site.live(8, [site.first])

    assert (still_dead, early, site.homes()["left"]) == ("second", "second", "first")
