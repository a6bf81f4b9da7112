"""A person with a browser that has no JavaScript: signs in by the pool's hosted page, as the console does."""

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import requests

from infra.stack.deploy import client
from infra.stack.local_stack import LocalStack

CALLBACK = "/auth/callback"
TIMEOUT_S = 30


class Form(HTMLParser):
    """The one form of a page: where it goes and what it holds."""

    def __init__(self, page: requests.Response) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.feed(page.text)
        self.action = urljoin(page.url, self.action)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "form":
            self.action = found.get("action") or ""
        elif tag == "input":
            self.fields[str(found["name"])] = found.get("value") or ""


@dataclass(frozen=True)
class Browser:
    """At the console's origin, by what its config.json says."""

    stack: LocalStack

    @property
    def config(self) -> dict[str, str]:
        found: dict[str, str] = requests.get(f"{self.stack.origin}/config.json", timeout=TIMEOUT_S).json()
        return found

    @property
    def provider(self) -> dict[str, str]:
        found: dict[str, str] = requests.get(self.config["discovery_url"], timeout=TIMEOUT_S).json()
        return found

    def sign_in(self, email: str, password: str, chosen: str = "") -> dict[str, str]:
        """Authorization code with PKCE; answers the tokens. `chosen`: instead of the password that was mailed."""
        verifier = secrets.token_urlsafe(48)
        back_at = self.stack.origin + CALLBACK
        code = self.authorize(email, password, verifier, chosen)
        answer = self.token(
            grant_type="authorization_code", code=code, code_verifier=verifier, redirect_uri=back_at
        ).json()
        return {name: answer[name] for name in ("id_token", "access_token", "refresh_token")}

    def authorize(self, email: str, password: str, verifier: str, chosen: str = "") -> str:
        """The code that the hosted page sends back."""
        state = secrets.token_urlsafe(8)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "client_id": self.config["client_id"],
            "redirect_uri": self.stack.origin + CALLBACK,
            "response_type": "code",
            "scope": "openid email profile",
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        form = Form(requests.get(self.provider["authorization_endpoint"], asked, timeout=TIMEOUT_S))
        filled = {**form.fields, "username": email, "password": password}
        back = requests.post(form.action, filled, allow_redirects=False, timeout=TIMEOUT_S)
        if chosen:
            form = Form(back)
            filled = {**form.fields, "new_password": chosen, "confirm_password": chosen}
            back = requests.post(form.action, filled, allow_redirects=False, timeout=TIMEOUT_S)
        assert back.status_code in (302, 303), back.text
        assert back.headers["Location"].startswith(self.stack.origin + CALLBACK)
        answer = parse_qs(urlsplit(back.headers["Location"]).query)
        assert answer["state"] == [state]
        return answer["code"][0]

    def token(self, **grant: str) -> requests.Response:
        data = {"client_id": self.config["client_id"], **grant}
        return requests.post(self.provider["token_endpoint"], data, timeout=TIMEOUT_S)


@dataclass(frozen=True)
class Pool:
    """The stack's own pool, as its operator sees it."""

    stack: LocalStack

    @property
    def id(self) -> str:
        assert self.stack.deployed is not None
        assert self.stack.deployed.user_pool_id is not None
        return self.stack.deployed.user_pool_id

    @property
    def cognito(self) -> Any:
        return client(self.stack.cloud, "cognito-idp")

    def invite(self, email: str, password: str) -> None:
        self.cognito.admin_create_user(
            UserPoolId=self.id,
            Username=email,
            UserAttributes=[{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}],
            TemporaryPassword=password,
            MessageAction="SUPPRESS",
        )
        self.cognito.admin_set_user_password(UserPoolId=self.id, Username=email, Password=password, Permanent=True)

    def mailed(self, email: str) -> str:
        """The password that the pool wrote to an address last."""
        letters = requests.get(self.stack.info["mail_url"], timeout=TIMEOUT_S).text
        return str(re.findall(rf"as {re.escape(email)} with the password (.+?)\.</p>", letters)[-1])

    def put_into(self, group: str, email: str) -> None:
        self.cognito.admin_add_user_to_group(UserPoolId=self.id, Username=email, GroupName=group)
