"""The console's files as the CDN serves them: one page for every path of the app, a nonce for its styles."""

import secrets
from collections.abc import Iterable
from pathlib import Path

from aiohttp import web

from infra.content_policy import NONCE, content_policy

HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
FOREVER = "public, max-age=31536000, immutable"
PAGE = "index.html"


class Pages:
    """Files of a built console. `identity_origins`: where the browser signs in, besides here."""

    def __init__(self, directory: Path, identity_origins: Iterable[str]) -> None:
        self._directory = directory.resolve()
        self._page = (directory / PAGE).read_text()
        self._policy = content_policy(identity_origins)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        last = path.rpartition("/")[2]
        if "." not in last or last == PAGE:
            return self._answer_page()
        file = (self._directory / path).resolve()
        if not file.is_relative_to(self._directory) or not file.is_file():
            return web.Response(status=404, text="404: Not Found", headers=HEADERS)
        caching = FOREVER if path.startswith("assets/") else "no-cache"
        return web.FileResponse(file, headers={**HEADERS, "Cache-Control": caching})

    def _answer_page(self) -> web.Response:
        nonce = secrets.token_urlsafe(16)
        policy = {"Cache-Control": "no-cache", "Content-Security-Policy": self._policy.replace(NONCE, nonce)}
        return web.Response(
            text=self._page.replace(NONCE, nonce), content_type="text/html", headers={**HEADERS, **policy}
        )
