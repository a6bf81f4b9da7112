"""What the local front refuses by itself."""

from aiohttp import web


def refused(why: str) -> web.Response:
    """The CDN's own refusal, which knows no problem+json."""
    headers = {"Server": "CloudFront", "X-Cache": "Error from cloudfront"}
    return web.Response(status=403, text=f"<H1>403 ERROR</H1>{why}", content_type="text/html", headers=headers)


def problem(status: int, code: str, detail: str) -> web.Response:
    body = {"title": code.replace("_", " "), "status": status, "code": code, "detail": detail, "type": "about:blank"}
    return web.json_response(body, status=status, content_type="application/problem+json")
