"""The whole system as one value: cloud, deployed stack, front, administrator's token, agent.

`with LocalStack(directory) as stack: stack.info` is what `make run` writes to `wirety.json`.
"""

import json
import secrets
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

from chalicelib.settings import settings_from
from infra.content_policy import identity_origins
from infra.package import package
from infra.stack import private_file
from infra.stack.agent_program import installed_agent
from infra.stack.cdn_template import TEMPLATE, cdn_of, template_of
from infra.stack.cloud import Cloud
from infra.stack.console import built_console
from infra.stack.deploy import Deployed, deploy, environment_of, warm
from infra.stack.front import Front, Upstream
from infra.stack.pages import Pages
from infra.stack.passwords import new_password
from infra.stack.sign_in import ADMINISTRATOR, OWN_POOL, SCOPE, Issuer, make_administrator
from infra.stack.tcp_ports import claim

ROOT = Path(__file__).resolve().parents[2]
INFO = "wirety.json"
SECRETS = "secrets.json"
READY_S = 60
LIMITS = ("WritesPerMinute", "EnrollmentsPerMinute", "SessionsPerMinute", "RefusalsPerMinute")
UNLIMITED = "1000000"  # here all callers have one address, and one token makes the peers of every test


class StackFailed(Exception):
    """A step of the start failed; the message says which and where to look."""


class LocalStack:
    """One local system in `directory`. Port 0: a free one, the same over `restart`. `issuer` None: its own pool.
    `hear`: see Upstream. `limits`: parameters of the template, None: nobody meets a limit."""

    def __init__(
        self,
        directory: Path,
        port: int = 0,
        cloud_port: int = 0,
        report: Callable[[str], None] = lambda _step: None,
        issuer: Issuer | None = None,
        hear: Callable[[str], None] | None = None,
        limits: Mapping[str, str] | None = None,
    ) -> None:
        self.directory = directory
        self.port = claim(port, "PORT")
        self.cloud = Cloud(directory / "cloud", claim(cloud_port, "CLOUD_PORT"))
        self.info: dict[str, str] = {}
        self.deployed: Deployed | None = None
        self._front: Front | None = None
        self._report = report
        self.issuer = issuer
        self._hear = hear
        self._limits = limits

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start everything; the info file appears last. Stops what it started when a step fails."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        (self.directory / INFO).unlink(missing_ok=True)
        if self._front is not None:
            self._front.stop()
            self._front = None
        self.cloud.stop()

    def restart(self) -> None:
        self.stop()
        self.start()

    def reset(self) -> None:
        """Forget everything: networks, peers, tokens."""
        shutil.rmtree(self.directory / "cloud", ignore_errors=True)
        for name in (INFO, SECRETS):
            (self.directory / name).unlink(missing_ok=True)

    def _start(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        kept = private_file.read(self.directory / SECRETS)
        origin_secret = kept.get("origin_secret") or secrets.token_urlsafe(32)
        password = kept.get("admin_password") or new_password()

        self._report("building the console")
        console = built_console()
        self._report("packaging the functions")
        made = package()
        self._report("installing the agent")
        agent = installed_agent()
        self._report(f"starting the local cloud on 127.0.0.1:{self.cloud.port}")
        self.cloud.start()
        self._report("deploying the stack")
        deployed = deploy(self.cloud, made, self._parameters(origin_secret))
        if deployed.user_pool_id is not None:
            make_administrator(self.cloud, deployed.user_pool_id, password)
        self._report(f"opening {self.origin}")
        identity = self._identity(deployed)
        self._front = Front(self.port, self._upstream(deployed, origin_secret, console, identity))
        self._front.start()
        self._report("warming the functions")
        self._warm(deployed)
        token = self._token(deployed, kept.get("api_token"))
        private_file.write(
            self.directory / SECRETS,
            {"origin_secret": origin_secret, "api_token": token, "admin_password": password},
        )

        self.deployed = deployed
        self.info = {
            "origin": self.origin,
            "api_url": f"{self.origin}/api/v1",
            "ws_url": f"ws://127.0.0.1:{self.port}/ws",
            "api_token": token,
            "console_url": self.origin,
            "issuer": identity["issuer"],
            "client_id": identity["client_id"],
            "admin_email": ADMINISTRATOR if deployed.user_pool_id else "",
            "admin_password": password if deployed.user_pool_id else "",
            "mail_url": f"{self.cloud.endpoint}/_ministack/ses/messages" if deployed.user_pool_id else "",
            "agent_command": str(agent),
            "commit": _commit(),
        }
        private_file.write(self.directory / INFO, self.info)

    def _parameters(self, origin_secret: str) -> dict[str, str]:
        return {
            "OriginSecret": origin_secret,
            "DeletionProtection": "false",
            "ConsoleUrl": self.origin,
            **(dict.fromkeys(LIMITS, UNLIMITED) | dict(self._limits or {})),
            **(OWN_POOL if self.issuer is None else self.issuer.parameters()),
        }

    def _identity(self, deployed: Deployed) -> dict[str, str]:
        """How people sign in, by the settings of the deployed API."""
        variables = environment_of(self.cloud, deployed.functions["APIHandler"])
        oidc = settings_from(variables).oidc
        return {
            "issuer": oidc.issuer,
            "discovery_url": oidc.discovery_url,
            "client_id": oidc.client_id,
            "audience": oidc.audience,
            "scope": SCOPE if self.issuer is None else self.issuer.scope,
        }

    def _upstream(self, deployed: Deployed, origin_secret: str, console: Path, identity: Mapping[str, str]) -> Upstream:
        base = f"127.0.0.1:{self.cloud.port}/_aws/execute-api"
        return Upstream(
            rest=f"http://{base}/{deployed.rest_api_id}",
            sockets=f"ws://{base}/{deployed.websocket_api_id}",
            cdn=cdn_of(template_of(TEMPLATE.read_text()), {"OriginSecret": origin_secret}),
            config={"product": "wirety", "api": "/api/v1", "sockets": "/ws", **identity},
            pages=Pages(console, identity_origins(identity["discovery_url"], identity["issuer"])),
            hear=self._hear,
        )

    def _warm(self, deployed: Deployed) -> None:
        """Start the workers now, so that the first change is as quick as the next."""
        with ThreadPoolExecutor() as pool:
            batches = [
                pool.submit(warm, self.cloud, deployed.functions[name])
                for name in ("Plan", "Revoke", "Deliver", "Failover")
            ]
            pool.submit(_status, self.origin + "/ws", {"Upgrade": "websocket", "Connection": "Upgrade"})
            self._await_health()
            for batch in batches:
                batch.result()

    def _await_health(self) -> None:
        end = time.monotonic() + READY_S
        while (status := _status(f"{self.origin}/api/v1/health")) != 200:
            if time.monotonic() > end or not self.cloud.is_running():
                raise StackFailed(f"the API answers {status}, not 200: see {self.cloud.function_log}")
            time.sleep(0.2)

    def _token(self, deployed: Deployed, kept: str | None) -> str:
        """The administrator's token of the last start while it is good, else a new one."""
        if kept and _status(f"{self.origin}/api/v1/me", {"Authorization": f"Bearer {kept}"}) == 200:
            return kept
        made = subprocess.run(
            [sys.executable, "-m", "scripts.create_api_token", "--name", "local-admin", "--role", "administrator"],
            cwd=ROOT,
            env=environment_of(self.cloud, deployed.functions["APIHandler"]),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        if made.returncode:
            raise StackFailed(f"no administrator's token: {made.stderr.strip()[-600:]}")
        return str(json.loads(made.stdout)["token"])


def _status(url: str, headers: dict[str, str] | None = None) -> int:
    """The status of a GET, 0 when nobody answers."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers or {}), timeout=30) as answer:  # noqa: S310 loopback
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        return refusal.code
    except OSError:
        return 0


def _commit() -> str:
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return head.stdout.strip()
