"""Thresholds are settable within their ranges; what is wrong with settings is said, all of it."""

from dataclasses import fields

import pytest

from chalicelib.domain.errors import Invalid
from chalicelib.domain.incident.rules import DEFAULTS, THRESHOLDS, IncidentType, Reaction, Rules, changed


@pytest.mark.parametrize("name", THRESHOLDS)
def test_a_threshold_takes_what_is_in_its_range(name: str) -> None:
    threshold = THRESHOLDS[name]
    others = {"quick_return_s": threshold.least} if name == "turn_return_s" else {"turn_return_s": 60}

    for value in (threshold.least, threshold.most, getattr(DEFAULTS, name)):
        assert getattr(changed(DEFAULTS, others | {name: value}), name) == value
    for value in (threshold.least - 1, threshold.most + 1):
        with pytest.raises(Invalid, match=f"{name}: must be {threshold.least} to {threshold.most}"):
            changed(DEFAULTS, {name: value})


def test_every_number_has_a_range_and_a_source() -> None:
    numbers = {field.name for field in fields(Rules) if field.type is int}

    assert numbers == set(THRESHOLDS)
    assert all(threshold.source for threshold in THRESHOLDS.values())


def test_reactions_are_set_by_name() -> None:
    rules = changed(DEFAULTS, {"shared_config": "reject", "shadow": True, "strict": True})

    assert rules.reaction(IncidentType.SHARED_CONFIG) is Reaction.REJECT
    assert rules.reaction(IncidentType.SESSION_CONFLICT) is Reaction.BLOCK
    assert rules.reaction(IncidentType.SUSPICIOUS_ACTIVITY) is Reaction.ALERT
    assert (rules.shadow, rules.strict) == (True, True)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"shared_config": "explode"}, "shared_config: must be one of off, alert, reject, block"),
        ({"shared_config": 1}, "must be one of"),
        ({"shadow": "yes"}, "shadow: must be true or false"),
        ({"window_s": True}, "window_s: must be a whole number"),
        ({"window_s": 600.5}, "window_s: must be a whole number"),
        ({"windows": 1}, "windows: is no setting of detection; those are session_conflict"),
        ({"turn_return_s": 14}, "turn_return_s: must not be below quick_return_s, which is 15"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(Invalid, match=message):
        changed(DEFAULTS, settings)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(Invalid) as refused:
        changed(DEFAULTS, {"window_s": 1, "shadow": 1, "x": 1})

    assert [field for field, _ in refused.value.errors] == ["window_s", "shadow", "x"]
