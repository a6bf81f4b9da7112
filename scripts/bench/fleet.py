"""Many agents without tunnels, in a process of their own: `python -m scripts.bench.fleet`, told and telling JSON lines.

The first line in is a Fleet; "connected" comes out when every socket has its welcome. Each further
line is a revision; out comes the list of seconds, by the system's monotonic clock, at which each
socket heard of it or of a later one.
"""

import asyncio
import base64
import os
import sys
import time
import uuid
from dataclasses import dataclass, field
from http import HTTPStatus

import aiohttp
import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chalicelib.wire.agent import Enrolled, EnrollRequest, Session, SessionRequest
from chalicelib.wire.codec import decode, encode
from chalicelib.wire.frames import Hello
from chalicelib.wire.peers import Host

AT_ONCE = 8  # enrolments; each is a transaction of the one network
PATIENCE = 20  # times a busy answer is asked again
ASSERTED_S = 60
HEARD_WITHIN_S = 900.0  # the plans of their enrolments come first, on a busy machine for minutes


class Fleet(msgspec.Struct, frozen=True):
    """Where the agents are wanted, and a token for each."""

    api_url: str
    ws_url: str
    tokens: list[str]


@dataclass
class Agent:
    """One socket; `heard` is when each revision was first heard of."""

    http: aiohttp.ClientSession
    fleet: Fleet
    token: str
    heard: dict[int, float] = field(default_factory=dict)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    welcomed: asyncio.Event = field(default_factory=asyncio.Event)

    async def join(self) -> None:
        """Enrol and open a session."""
        device = Ed25519PrivateKey.generate()
        device_key = base64.b64encode(device.public_key().public_bytes_raw()).decode()
        public_key = base64.b64encode(os.urandom(32)).decode()
        host = Host(hostname="bench", os="linux", agent_version="0")
        enroll = EnrollRequest(token=self.token, public_key=public_key, device_key=device_key, host=host)
        self.enrolled = decode(await self._post("/agent/enroll", enroll), Enrolled)
        now = int(time.time())
        claims = {"sub": self.enrolled.peer_id, "network_id": self.enrolled.network_id, "aud": "wirety"}
        times = {"iat": now, "exp": now + ASSERTED_S, "jti": uuid.uuid4().hex}
        assertion = jwt.encode({**claims, **times}, device, algorithm="EdDSA")
        self.session = decode(await self._post("/agent/session", SessionRequest(assertion=assertion)), Session).session

    async def listen(self) -> None:
        """Hold the socket for ever, and note what is heard when."""
        headers = {"Authorization": f"Bearer {self.session}"}
        async with self.http.ws_connect(self.fleet.ws_url, headers=headers, max_msg_size=1 << 17) as socket:
            hello = Hello(instance_id=uuid.uuid4().hex, generation=1, revision=0, hash="")
            await socket.send_str(encode(hello).decode())
            async for frame in socket:
                at = time.monotonic()
                said = msgspec.json.decode(frame.data)
                if said["type"] == "welcome":
                    self.welcomed.set()
                elif said["type"] == "config_changed":
                    self.heard.setdefault(said["revision"], at)
                    self.news.set()

    async def heard_of(self, revision: int) -> float:
        while not any(known >= revision for known in self.heard):
            self.news.clear()
            await self.news.wait()
        return min(at for known, at in self.heard.items() if known >= revision)

    async def _post(self, path: str, body: object) -> bytes:
        said = ""
        for _ in range(PATIENCE):
            async with self.http.post(self.fleet.api_url + path, data=encode(body)) as answer:
                if answer.ok:
                    return await answer.read()
                said = f"{answer.status} {await answer.text()}"
                if answer.status != HTTPStatus.SERVICE_UNAVAILABLE:
                    break
        raise RuntimeError(f"{path}: {said}")


async def run(lines: asyncio.StreamReader) -> None:
    fleet = msgspec.json.decode(await lines.readline(), type=Fleet)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        agents = [Agent(http, fleet, token) for token in fleet.tokens]
        turn = asyncio.Semaphore(AT_ONCE)
        listening: list[asyncio.Task[None]] = []

        async def come(agent: Agent) -> None:
            async with turn:
                await agent.join()
                held = asyncio.create_task(agent.listen())
                listening.append(held)
                welcomed = asyncio.create_task(agent.welcomed.wait())
                await asyncio.wait([held, welcomed], timeout=HEARD_WITHIN_S, return_when=asyncio.FIRST_COMPLETED)
                if held.done():
                    held.result()
                if not agent.welcomed.is_set():
                    raise TimeoutError("a socket was not welcomed")

        await asyncio.gather(*map(come, agents))
        print("connected", flush=True)
        while line := await lines.readline():
            waited = asyncio.gather(*(agent.heard_of(int(line)) for agent in agents))
            print(encode(await asyncio.wait_for(waited, HEARD_WITHIN_S)).decode(), flush=True)
        for task in listening:
            task.cancel()


async def _main() -> None:
    lines = asyncio.StreamReader(limit=1 << 24)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    await run(lines)


if __name__ == "__main__":
    asyncio.run(_main())
