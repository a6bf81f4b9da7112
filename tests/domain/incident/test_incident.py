"""An incident's steps: each once, each with its entries, none after it is resolved."""

from dataclasses import replace

import pytest

from chalicelib.domain.ids import PeerId, Revision
from chalicelib.domain.incident.containment import Decision, Held
from chalicelib.domain.incident.errors import IncidentResolved, TimelineFull
from chalicelib.domain.incident.finding import Line, Rule
from chalicelib.domain.incident.incident import (
    MOST_FINDINGS,
    MOST_NOTES,
    MOST_REJECTED,
    Action,
    Incident,
    Resolution,
    State,
    applied,
    blocked,
    excused,
    joined,
    noted,
    opened,
    resolved,
)
from chalicelib.domain.incident.rules import Reaction
from chalicelib.domain.incident.timeline import MOST_LINES, Entry, EntryKind
from tests.builders import T0
from tests.domain.incident.facts import CAFE, HOME, PARIS
from tests.domain.incident.made import ALERT, BLOCK, JUMPS, SECOND, a_conflict, a_finding, a_step, an_incident

ROME = PeerId("jmp_rome")
REJECT = Decision(Reaction.REJECT, Reaction.REJECT)
DONE = Resolution(Action.RESTORE, "the phone was lost and found", "Ana", T0 + 60 * SECOND)


def a_blocking(jumps: frozenset[PeerId] = JUMPS) -> tuple[Incident, tuple[Entry, ...]]:
    return blocked(a_step(t=1), Revision(7), jumps, T0 + SECOND)


def kinds(entries: tuple[Entry, ...]) -> list[EntryKind]:
    return [entry.kind for entry in entries]


def test_it_opens_with_what_was_seen_and_what_was_decided() -> None:
    incident, entries = a_step(t=1)

    assert (incident.state, incident.reaction, incident.decided_by) == (State.OPEN, Reaction.BLOCK, PARIS.id)
    assert (incident.opened_at, incident.decided_at, incident.version) == (T0 + SECOND, T0, 1)
    assert kinds(entries) == [EntryKind.EVIDENCE, EntryKind.EVIDENCE, EntryKind.DECISION]
    assert [entry.number for entry in entries] == [0, 1, 2]
    assert incident.entries == 3


def test_its_evidence_says_where_the_peer_was() -> None:
    _, entries = a_step()

    assert [entry.data.get("endpoint") for entry in entries[:2]] == [HOME, CAFE]


def test_of_a_long_finding_the_newest_lines_are_kept() -> None:
    lines = tuple(Line(T0, f"line {n}") for n in range(MOST_LINES + 1))

    _, entries = a_step(finding=a_finding(lines=lines))

    assert [entry.text for entry in entries[:-1]] == [line.text for line in lines[1:]]


@pytest.mark.parametrize("held", list(Held))
def test_the_decision_says_why_less_was_done(held: Held) -> None:
    incident, entries = a_step(decision=Decision(Reaction.ALERT, Reaction.BLOCK, held))

    assert entries[-1].text.count(": ") == 1
    assert incident.is_shadow == (held is Held.SHADOW)


def test_a_finding_that_comes_again_is_known() -> None:
    incident = an_incident()

    assert incident.has_taken(a_finding())
    assert not incident.has_taken(a_finding(t=1))
    assert not incident.has_taken(a_finding(lines=a_finding().lines[:1]))


def test_it_takes_so_many_findings_and_no_more() -> None:
    incident = an_incident()
    for t in range(1, MOST_FINDINGS - 1):
        incident, _ = joined(incident, a_finding(t=t), BLOCK, T0)

    assert not incident.has_taken(a_finding(t=MOST_FINDINGS))
    incident, _ = joined(incident, a_finding(t=MOST_FINDINGS), BLOCK, T0)
    assert incident.has_taken(a_finding(t=MOST_FINDINGS + 1))


def test_a_later_finding_adds_evidence_and_decides_nothing_anew() -> None:
    before = an_incident()

    after, entries = joined(before, a_finding(t=30), BLOCK, T0 + 31 * SECOND)

    assert kinds(entries) == [EntryKind.EVIDENCE, EntryKind.EVIDENCE]
    assert (after.decided_at, after.summary, after.version) == (before.decided_at, before.summary, 2)


def test_a_proof_after_an_alert_decides_anew() -> None:
    alert = a_finding(Rule.UNCONFIRMED_TURNS, summary="It may be one device.")
    before = an_incident(finding=alert)

    after, entries = joined(before, a_finding(t=30), BLOCK, T0 + 31 * SECOND)

    assert (before.is_proof, after.is_proof) == (False, True)
    assert (after.rule, after.reaction, after.decided_at) == (Rule.TAKING_TURNS, Reaction.BLOCK, T0 + 30 * SECOND)
    assert kinds(entries)[-1] is EntryKind.DECISION


def test_a_weaker_decision_leaves_what_was_done() -> None:
    after, _ = joined(an_incident(), a_finding(t=30), ALERT, T0)

    assert after.reaction is Reaction.BLOCK


def test_it_is_contained_by_the_last_jump_that_is_waited_for() -> None:
    incident, _ = a_blocking()

    first = applied(incident, ROME, "rome", T0 + 2 * SECOND)
    assert first is not None
    assert (first[0].state, kinds(first[1])) == (State.OPEN, [EntryKind.APPLIED])
    last = applied(first[0], PARIS.id, "paris", T0 + 3 * SECOND)
    assert last is not None
    assert (last[0].state, kinds(last[1])) == (State.CONTAINED, [EntryKind.APPLIED, EntryKind.CONTAINED])
    assert (last[0].contained_at, last[0].containment_ms) == (T0 + 3 * SECOND, 3000)


def test_a_jump_counts_once_and_only_where_it_is_waited_for() -> None:
    incident, _ = a_blocking(frozenset({PARIS.id}))

    assert applied(incident, ROME, "rome", T0) is None
    assert applied(an_incident(), PARIS.id, "paris", T0) is None
    contained = applied(incident, PARIS.id, "paris", T0 + SECOND)
    assert contained is not None
    assert applied(contained[0], PARIS.id, "paris", T0 + 2 * SECOND) is None


def test_without_a_jump_it_is_contained_at_once() -> None:
    incident, entries = a_blocking(frozenset())

    assert (incident.state, incident.containment_ms) == (State.CONTAINED, 1000)
    assert kinds(entries)[-2:] == [EntryKind.BLOCK, EntryKind.CONTAINED]


def test_a_jump_that_is_gone_is_waited_for_no_longer() -> None:
    incident, _ = a_blocking(frozenset({PARIS.id}))

    gone = excused(incident, PARIS.id, T0 + 5 * SECOND)

    assert gone is not None
    assert gone[0].state is State.CONTAINED
    assert excused(gone[0], PARIS.id, T0) is None


def test_a_word_from_before_the_deciding_fact_takes_no_less_than_nothing() -> None:
    incident, _ = a_blocking(frozenset({PARIS.id}))

    contained = applied(incident, PARIS.id, "paris", T0 - SECOND)

    assert contained is not None
    assert contained[0].containment_ms == 0


def test_a_block_after_an_alert_is_contained_anew() -> None:
    alert = an_incident(finding=a_finding(Rule.UNCONFIRMED_TURNS))

    incident, _ = blocked(joined(alert, a_finding(t=30), BLOCK, T0), Revision(9), JUMPS, T0)

    assert (incident.state, incident.version) == (State.OPEN, 2)


def test_the_newcomer_is_rejected_where_that_is_the_reaction() -> None:
    incident = an_incident(finding=a_conflict(), decision=REJECT)

    assert incident.rejected == {"instance-b"}
    assert an_incident(finding=a_conflict()).rejected == frozenset()
    for number in range(MOST_REJECTED + 3):
        incident, _ = joined(incident, a_conflict(t=number, newcomer=f"instance-{number}"), REJECT, T0)
    assert len(incident.rejected) == MOST_REJECTED


def test_notes_are_taken_until_there_are_many() -> None:
    incident, entries = noted(an_incident(), "asked the owner", "Ana", T0)
    for _ in range(MOST_NOTES - 1):
        incident, _ = noted(incident, "asked again", "Ana", T0)

    assert (entries[0].text, entries[0].data) == ("asked the owner", {"by": "Ana"})
    with pytest.raises(TimelineFull):
        noted(incident, "once more", "Ana", T0)


def test_it_is_resolved_once() -> None:
    incident, entries = resolved(a_blocking()[0], DONE)

    assert (incident.state, incident.resolution) == (State.RESOLVED, DONE)
    assert (entries[0].kind, entries[0].text) == (EntryKind.RESOLVED, DONE.note)
    with pytest.raises(IncidentResolved):
        resolved(incident, DONE)
    with pytest.raises(IncidentResolved):
        noted(incident, "late", "Ana", T0)
    assert applied(incident, PARIS.id, "paris", T0) is None
    assert excused(incident, PARIS.id, T0) is None


def test_entries_are_numbered_through_all_steps() -> None:
    incident, entries = a_blocking()
    for step in (joined(incident, a_finding(t=9), BLOCK, T0), noted(incident, "?", "Ana", T0)):
        assert step[1][0].number == len(entries)
        assert step[0].entries == len(entries) + len(step[1])


def test_opening_says_whose_the_peer_was() -> None:
    incident = an_incident()

    assert (
        replace(incident, owner_id=None)
        == opened(incident.id, incident.network_id, "laptop", None, a_finding(), BLOCK, T0)[0]
    )
