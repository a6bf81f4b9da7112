"""Hosts of a simulated internet on which a line of the console can be pasted, as an operator would.

`python -m tests.console.host PORT AGENT_COMMAND`: reads JSON lines `{"host": …, "line": …}` and answers
each with `{"code": …, "said": …}`; ends when its input closes, and takes the hosts along. PORT of the
machine's loopback is each host's own. `sudo` and `systemctl` are there as far as an agent needs them.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

from infra.lab import Lab

HOSTS = ("jump", "site-a")
STATE_DIR = "/run/wirety"  # the node's own tmpfs
LINE_S = 60
SUDO = '#!/bin/sh\nexec "$@"\n'
SYSTEMCTL = """#!/bin/sh
# enable --now wirety-agent wirety-agent-seal: there is no systemd in a namespace
[ "$*" = "enable --now wirety-agent wirety-agent-seal" ] || exit 1
setsid wirety-agent run --log-format json > /run/agent.log 2>&1 < /dev/null &
"""


def main(port: int, agent: str) -> None:
    with tempfile.TemporaryDirectory() as made, Lab() as lab:
        programs = Path(made)
        for name, text in {"sudo": SUDO, "systemctl": SYSTEMCTL}.items():
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)
        (programs / "wirety-agent").symlink_to(agent)
        for host in HOSTS:
            lab.lend(host, port)
        print("ready", flush=True)
        environment = {"PATH": f"{programs}:{os.environ['PATH']}:/usr/sbin:/sbin", "WIRETY_STATE_DIR": STATE_DIR}
        for line in sys.stdin:
            asked = json.loads(line)
            done = lab[asked["host"]].attempt("sh", "-c", asked["line"], env=environment, timeout_s=LINE_S)
            print(json.dumps({"code": done.returncode, "said": done.stdout + done.stderr}), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
