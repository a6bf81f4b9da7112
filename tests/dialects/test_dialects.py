"""Each rule of each client from both sides: what all five take, and what some of them refuse, and why."""

import pytest

from tests.dialects.cases import CASES
from tests.dialects.files import APPLE, SLOPPY, Case, with_interface, with_peer
from tests.dialects.real_tools import strip, wg_parses
from tests.dialects.refused import Refused
from tests.dialects.validator import refusals


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.says)
def test_a_file_is_refused_by_exactly_those_clients_whose_rule_it_breaks(case: Case) -> None:
    found = refusals(case.text, case.name)

    assert found.keys() == case.refused.keys(), found
    assert {dialect: part for dialect, part in case.refused.items() if part not in found[dialect]} == {}, found


@pytest.mark.parametrize("dialect", ["wg-quick", "windows", "android"])
def test_every_grammar_refuses_what_all_others_accept(dialect: str) -> None:
    assert [case.says for case in CASES if case.refused.keys() == {dialect}] != []


def test_the_apps_of_apple_refuse_what_all_others_accept() -> None:
    assert [case.says for case in CASES if case.refused.keys() == set(APPLE)] != []


def test_macos_and_ios_have_one_grammar() -> None:
    found = [refusals(case.text, case.name) for case in CASES]

    assert [reasons.get("macos") for reasons in found] == [reasons.get("ios") for reasons in found]


def test_no_reason_holds_a_secret() -> None:
    secret = SLOPPY[:20]
    found = [refusals(with_interface(PrivateKey=SLOPPY), "wg0"), refusals(with_peer(PresharedKey=SLOPPY), "wg0")]

    assert [reason for reasons in found for reason in reasons.values() if secret in reason] == []


@pytest.mark.root
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.says)
def test_wg_quick_and_wg_refuse_what_their_dialect_refuses(case: Case) -> None:
    reason = refusals(case.text, case.name).get("wg-quick", "")
    is_known_later = reason.startswith("ip ")  # `wg-quick up` only: `strip` and `wg` do not look at it

    assert refused_by_the_real_tools(case) == (bool(reason) and not is_known_later)


def refused_by_the_real_tools(case: Case) -> bool:
    try:
        wg_parses(strip(case.text, case.name))
    except Refused:
        return True
    return False
