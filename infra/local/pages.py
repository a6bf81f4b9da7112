"""The console's files as the CDN serves them: one page for every path of the app, a nonce for its styles."""

import secrets
from collections.abc import Iterable
from pathlib import Path

from aiohttp import web

NONCE = "__CSP_NONCE__"
HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
FOREVER = "public, max-age=31536000, immutable"


class Pages:
    """Files of a built console. `identity_origins`: where the browser signs in, besides here."""

    def __init__(self, directory: Path, identity_origins: Iterable[str]) -> None:
        self._directory = directory.resolve()
        self._index = (directory / "index.html").read_text()
        self._identity_origins = " ".join(identity_origins)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        file = (self._directory / path).resolve()
        if path and path != "index.html" and file.is_relative_to(self._directory) and file.is_file():
            caching = FOREVER if path.startswith("assets/") else "no-cache"
            return web.FileResponse(file, headers={**HEADERS, "Cache-Control": caching})
        if "." in path.rpartition("/")[2] and path != "index.html":
            raise web.HTTPNotFound(headers=HEADERS)
        return self._page()

    def _page(self) -> web.Response:
        nonce = secrets.token_urlsafe(16)
        headers = {**HEADERS, "Cache-Control": "no-cache", "Content-Security-Policy": self._policy(nonce)}
        return web.Response(text=self._index.replace(NONCE, nonce), content_type="text/html", headers=headers)

    def _policy(self, nonce: str) -> str:
        return "; ".join(
            (
                "default-src 'none'",
                "script-src 'self'",
                f"style-src 'self' 'nonce-{nonce}'",
                "img-src 'self' data: blob:",
                "font-src 'self'",
                "manifest-src 'self'",
                f"connect-src 'self' {self._identity_origins}".strip(),
                "base-uri 'none'",
                "form-action 'self'",
                "frame-ancestors 'none'",
            )
        )
