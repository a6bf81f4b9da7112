"""Which program a process is: a pid on file may have been given to another since."""

from pathlib import Path


def command_line(pid: int) -> list[str]:
    """The words of a process's command line; empty: there is no such process, or it has ended."""
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return []
    return [word.decode(errors="replace") for word in raw.split(b"\0")[:-1]]
