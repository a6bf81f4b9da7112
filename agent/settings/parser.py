"""How commands and their flags are declared: once, with the environment variable beside the flag's help."""

import argparse
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from agent.errors import SettingsInvalid
from agent.settings.given import Given, variable

UNKNOWN_COMMAND = re.compile(r"argument COMMAND: invalid choice: ('.*?')")  # the rest names hidden ones too
DEFAULT_STATE_DIR = "/var/lib/wirety"


class Parser(argparse.ArgumentParser):
    """Raises SettingsInvalid where argparse would end the process."""

    def error(self, message: str) -> NoReturn:
        unknown = UNKNOWN_COMMAND.match(message)
        raise SettingsInvalid(f"{f'there is no command {unknown[1]}' if unknown else message}; see {self.prog} --help")


class Paragraphs(argparse.HelpFormatter):
    """Keeps the empty lines of descriptions and epilogs, and fills what stands between them."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        filled = (super(Paragraphs, self)._fill_text(one, width, indent) for one in text.split("\n\n"))
        return "\n\n".join(filled)


@dataclass(frozen=True, slots=True)
class Command:
    """`declare` adds its flags, `read` makes its settings of what was given. `is_listed`: for people."""

    name: str
    summary: str
    declare: Callable[[Parser], None]
    read: Callable[[Given], Any]
    epilog: str = ""
    is_listed: bool = True


def option(parser: Parser, flag: str, metavar: str, text: str, **more: Any) -> None:
    """A flag with a value, `--key-days` for `key_days`."""
    parser.add_argument(_dashed(flag), metavar=metavar, help=f"{text} ({variable(flag)})", **more)


def switch(parser: Parser, flag: str, text: str) -> None:
    parser.add_argument(_dashed(flag), action="store_true", help=f"{text} ({variable(flag)}=1)")


def state_dir(parser: Parser) -> None:
    option(parser, "state_dir", "DIR", f"where enrolments are kept; default {DEFAULT_STATE_DIR}")


def network(parser: Parser) -> None:
    option(parser, "network", "ID", "which enrolment, where this host has several")


def json(parser: Parser) -> None:
    switch(parser, "json", "print one JSON object, also for an error")


def insecure(parser: Parser) -> None:
    switch(parser, "insecure", "allow http, which anyone between can read and change, off loopback too")


def _dashed(flag: str) -> str:
    return f"--{flag.replace('_', '-')}"
