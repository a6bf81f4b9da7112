"""Flags and their environment variables."""

import io
from pathlib import Path

import pytest

from agent.errors import SettingsInvalid
from agent.settings import (
    COMMANDS,
    EnrollSettings,
    JoinSettings,
    LeaveSettings,
    PlanSettings,
    RunSettings,
    StatusSettings,
    origin,
    parse,
    socket_url,
    wants_json,
)
from agent.settings.given import variable
from agent.settings.parser import Command, Parser


def test_every_value_of_enroll_can_come_from_the_environment() -> None:
    environment = {
        "WIRETY_SERVER_URL": "https://vpn.example.com/",
        "WIRETY_TOKEN": "secret",
        "WIRETY_STATE_DIR": "/s",
        "WIRETY_INSECURE": "1",
    }

    assert parse(["enroll"], environment) == EnrollSettings("https://vpn.example.com", "secret", Path("/s"), True)


def test_a_flag_wins_over_the_environment() -> None:
    environment = {"WIRETY_SERVER_URL": "https://a", "WIRETY_TOKEN": "a", "WIRETY_STATE_DIR": "/a"}

    settings = parse(["enroll", "--server", "https://b", "--token", "b", "--state-dir", "/b"], environment)

    assert settings == EnrollSettings("https://b", "b", Path("/b"), False)


def test_a_join_key_comes_by_flag_stdin_file_or_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key, file = "wirety_join.net_1:key_1.secret", tmp_path / "key"
    file.write_text(f"{key}\nmore\n")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{key}\n"))
    server = ["--server", "https://a"]

    given = [
        parse(["join", *server, "--key", key], {}),
        parse(["join", *server, "--key", "-"], {}),
        parse(["join", *server, "--key-file", str(file)], {}),
        parse(["join"], {"WIRETY_SERVER_URL": "https://a", "WIRETY_JOIN_KEY": key}),
        parse(["join"], {"WIRETY_SERVER_URL": "https://a", "WIRETY_JOIN_KEY_FILE": str(file)}),
    ]

    wanted = JoinSettings("https://a", key, "net_1", Path("/var/lib/wirety"), False)
    assert given == [wanted] * 5
    assert "secret" not in repr(given)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "--key-file"),
        (["--key-file", "/nowhere/key"], "/nowhere/key"),
        (["--key", "wirety_enroll.net_1:dyn_1.secret"], "no join key"),
        (["--key", "wirety_join.../etc:key_1.secret"], "no join key"),
    ],
)
def test_what_is_no_join_key_is_told_so(words: list[str], told: str) -> None:
    with pytest.raises(SettingsInvalid, match=told) as refused:
        parse(["join", "--server", "https://a", *words], {})

    assert "secret" not in str(refused.value)


def test_the_age_at_which_a_key_is_replaced_is_a_number_of_days_and_zero_is_never() -> None:
    asked = [
        parse(["run", *given], env)
        for given, env in (([], {}), ([], {"WIRETY_KEY_DAYS": "0"}), (["--key-days", "7"], {}))
    ]

    assert [settings.key_days for settings in asked if isinstance(settings, RunSettings)] == [30.0, 0.0, 7.0]
    for wrong in ("-1", "nan", "soon", "1e9"):
        with pytest.raises(SettingsInvalid):
            parse(["run"], {"WIRETY_KEY_DAYS": wrong})


def test_a_token_can_come_by_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("secret\n"))

    settings = parse(["enroll", "--server", "https://a", "--token", "-"], {})

    assert isinstance(settings, EnrollSettings)
    assert settings.token == "secret"
    assert "secret" not in repr(settings)


def test_run_plan_and_status_read_the_environment() -> None:
    environment = {
        "WIRETY_STATE_DIR": "/s",
        "WIRETY_NETWORK_ID": "net_1",
        "WIRETY_LOG_FORMAT": "json",
    }
    scripted = {**environment, "WIRETY_JSON": "1", "WIRETY_FETCH": "1"}

    assert parse(["run"], environment) == RunSettings(Path("/s"), "net_1", False, "json")
    assert parse(["run", "--once"], environment) == RunSettings(Path("/s"), "net_1", False, "json", is_once=True)
    assert parse(["plan"], scripted) == PlanSettings(Path("/s"), "net_1", True, True, False)
    assert parse(["status"], scripted) == StatusSettings(Path("/s"), "net_1", True)


def test_interfaces_to_masqueraded_networks_are_named_by_flags_or_by_the_environment() -> None:
    flags = parse(["run", "--nat-interface", "eth1", "--nat-interface", "eth0", "--manage-forward"], {})
    environment = parse(["run"], {"WIRETY_NAT_INTERFACES": "eth0, eth1", "WIRETY_MANAGE_FORWARD": "1"})

    assert isinstance(flags, RunSettings)
    assert isinstance(environment, RunSettings)
    for settings in (flags, environment):
        assert (settings.nat_interfaces, settings.manages_forward) == (("eth0", "eth1"), True)


@pytest.mark.parametrize("command", ["run", "guard", "plan"])
def test_the_local_network_is_given_up_by_a_flag_or_by_the_environment(command: str) -> None:
    given = [parse([command], {}), parse([command, "--no-lan"], {}), parse([command], {"WIRETY_NO_LAN": "1"})]

    allowed = [one.allows_lan for one in given if isinstance(one, RunSettings | PlanSettings)]
    assert allowed == [True, False, False]


@pytest.mark.parametrize("name", ["wy00000001", 'eth0" } accept', "longer-than-fifteen", ""])
def test_what_masquerading_must_not_use_is_refused(name: str) -> None:
    with pytest.raises(SettingsInvalid):
        parse(["run", "--nat-interface", name], {})


@pytest.mark.parametrize("words", [["enroll", "--server", "https://a"], ["enroll", "--token", "t"]])
def test_what_is_missing_is_said(words: list[str]) -> None:
    with pytest.raises(SettingsInvalid):
        parse(words, {})


@pytest.mark.parametrize(
    "text", ["http://127.0.0.1:8080", "http://localhost", "http://[::1]:1", "https://vpn.example.com"]
)
def test_http_is_fine_on_loopback_and_https_everywhere(text: str) -> None:
    assert origin(text, is_insecure=False) == text


@pytest.mark.parametrize("text", ["http://vpn.example.com", "http://10.0.0.1", "http://localhost.example.com"])
def test_http_off_loopback_needs_insecure(text: str) -> None:
    with pytest.raises(SettingsInvalid, match="--insecure"):
        origin(text, is_insecure=False)

    assert origin(text, is_insecure=True) == text


@pytest.mark.parametrize(
    "text", ["", "vpn.example.com", "ftp://a", "https://a/api", "https://a?x=1", "https://u:p@a", "https://a:x"]
)
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(SettingsInvalid):
        origin(text, is_insecure=True)


def test_insecure_is_yes_or_no() -> None:
    with pytest.raises(SettingsInvalid, match="WIRETY_INSECURE"):
        parse(["run"], {"WIRETY_INSECURE": "perhaps"})


@pytest.mark.parametrize(("server", "url"), [("https://a:1", "wss://a:1/ws"), ("http://a", "ws://a/ws")])
def test_the_socket_is_on_the_same_origin(server: str, url: str) -> None:
    assert socket_url(server) == url


@pytest.mark.parametrize(("text", "port"), [(None, None), ("", None), ("1", 1), ("65535", 65535)])
def test_metrics_are_served_on_the_port_asked_for(text: str | None, port: int | None) -> None:
    settings = parse(["run"], {} if text is None else {"WIRETY_METRICS_PORT": text})

    assert isinstance(settings, RunSettings)
    assert settings.metrics_port == port


@pytest.mark.parametrize(("text", "address"), [(None, "127.0.0.1"), ("0.0.0.0", "0.0.0.0"), ("::", "::")])
def test_metrics_are_served_on_the_loopback_unless_asked_for_otherwise(text: str | None, address: str) -> None:
    settings = parse(["run"], {} if text is None else {"WIRETY_METRICS_ADDRESS": text})

    assert isinstance(settings, RunSettings)
    assert settings.metrics_address == address


def test_an_address_for_metrics_that_is_none_is_refused() -> None:
    with pytest.raises(SettingsInvalid, match="--metrics-address"):
        parse(["run", "--metrics-address", "everywhere"], {})


@pytest.mark.parametrize("text", ["0", "65536", "-1", "http"])
def test_what_is_no_port_is_refused(text: str) -> None:
    with pytest.raises(SettingsInvalid, match="metrics-port"):
        parse(["run", "--metrics-port", text], {})


def test_a_name_of_the_release_before_is_read_and_the_new_one_is_told() -> None:
    warnings: list[str] = []

    settings = parse(["run"], {"STATE_DIR": "/s", "KEY_DAYS": "7", "LOG_FORMAT": "json"}, warnings.append)

    assert isinstance(settings, RunSettings)
    assert (settings.state_dir, settings.key_days) == (Path("/s"), 7.0)
    assert sorted(warning.split(" now")[0] for warning in warnings) == [
        "KEY_DAYS is called WIRETY_KEY_DAYS",
        "LOG_FORMAT is called WIRETY_LOG_FORMAT",
        "STATE_DIR is called WIRETY_STATE_DIR",
    ]


def test_the_new_name_wins_without_a_word() -> None:
    warnings: list[str] = []

    settings = parse(["run"], {"STATE_DIR": "/old", "WIRETY_STATE_DIR": "/new", "WIRETY_KEY_DAYS": ""}, warnings.append)

    assert settings.state_dir == Path("/new")  # type: ignore[union-attr]
    assert warnings == []


def test_words_that_stand_in_an_environment_for_other_reasons_force_and_weaken_nothing() -> None:
    warnings: list[str] = []
    inherited = dict.fromkeys(("FORCE", "JSON", "ONCE", "LOCAL", "VOID_FILES", "FETCH"), "1") | {"INSECURE": "1"}

    left = parse(["leave"], inherited, warnings.append)
    told, warnings = warnings, []
    run = parse(["run"], {**inherited, "WIRETY_LOG_FORMAT": "json"}, warnings.append)

    assert left == LeaveSettings(Path("/var/lib/wirety"), None, False, False, False, False)
    assert run == RunSettings(Path("/var/lib/wirety"), None, False, "json")
    assert "FORCE is not read any more: say WIRETY_FORCE" in told
    assert {warning.split()[0] for warning in warnings} == {"ONCE", "INSECURE", "JSON"}


@pytest.mark.parametrize("word", ["/x", "0", "", "no"])
def test_a_word_that_never_meant_yes_is_not_even_told(word: str) -> None:
    warnings: list[str] = []

    parse(["status"], {"JSON": word}, warnings.append)

    assert warnings == []


def test_a_token_of_somebody_else_in_the_environment_goes_nowhere() -> None:
    enroll = ["enroll", "--server", "https://a"]

    with pytest.raises(SettingsInvalid, match="WIRETY_TOKEN"):
        parse(enroll, {"TOKEN": "ghp_of_another_service"})

    settings = parse(enroll, {"TOKEN": "wirety_enroll.net_1:dyn_1.secret"})
    assert isinstance(settings, EnrollSettings)
    assert settings.token == "wirety_enroll.net_1:dyn_1.secret"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_flag_of_every_command_names_its_variable(command: Command) -> None:
    parser = Parser()
    command.declare(parser)

    flags = [action for action in parser._actions if action.option_strings and action.dest != "help"]
    assert [action.dest for action in flags if variable(action.dest) not in (action.help or "")] == []


def test_the_guard_is_no_command_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--help"], {})

    said = capsys.readouterr().out
    assert "guard" not in said
    assert all(command.name in said for command in COMMANDS if command.is_listed)


@pytest.mark.parametrize("words", [[], ["fly"], ["run", "--key-days"], ["run", "--log-format", "xml"]])
def test_wrong_usage_says_where_the_right_one_is(words: list[str]) -> None:
    with pytest.raises(SettingsInvalid, match="--help"):
        parse(words, {})


def test_an_unknown_command_is_told_without_the_ones_that_are_not_for_people() -> None:
    with pytest.raises(SettingsInvalid, match="there is no command 'fly'") as refused:
        parse(["fly"], {})

    assert "guard" not in str(refused.value)


def test_json_is_wanted_even_where_the_rest_cannot_be_read() -> None:
    assert wants_json(["run", "--key-days", "--json"], {})
    assert wants_json(["status"], {"WIRETY_JSON": "1"})
    assert not wants_json(["status"], {"JSON": "1", "WIRETY_JSON": "perhaps"})
