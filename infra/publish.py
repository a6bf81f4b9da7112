"""The console as the CDN's bucket and template take it, from what the stack answered.

`python -m infra.publish OUTPUTS DIRECTORY`: OUTPUTS is the stack's outputs as the AWS CLI prints them
(`Stacks[0].Outputs`). Leaves in DIRECTORY `files/`, to be copied into the bucket, and
`parameters` for console.yaml, one a line.
"""

import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from infra.content_policy import content_policy, identity_origins
from infra.stack.console import built_console

PAGE = "index.html"
MAX_PARAMETER_BYTES = 4096  # CloudFormation's limit


class PageTooLarge(Exception):
    """The console's index.html does not fit into the CDN's function: make it smaller."""


def main(outputs: Path, directory: Path) -> None:
    published(built_console(), named(json.loads(outputs.read_text())), directory)


def named(outputs: Sequence[Mapping[str, str]]) -> dict[str, str]:
    return {output["OutputKey"]: output["OutputValue"] for output in outputs}


def published(console: Path, outputs: Mapping[str, str], directory: Path) -> None:
    """Raises PageTooLarge, NoIdentityProvider."""
    config = config_of(outputs)
    files = directory / "files"
    shutil.rmtree(files, ignore_errors=True)
    shutil.copytree(console, files, ignore=shutil.ignore_patterns(PAGE))  # the page is the function's
    (files / "config.json").write_text(json.dumps(config, indent=1))
    parameters = {
        "RestApiId": outputs["RestApiId"],
        "WebsocketApiId": outputs["WebsocketApiId"],
        "Page": encoded((console / PAGE).read_text()),
        "Policy": encoded(content_policy(identity_origins(config["discovery_url"], config["issuer"]))),
    }
    (directory / "parameters").write_text("".join(f"{name}={value}\n" for name, value in parameters.items()))


def config_of(outputs: Mapping[str, str]) -> dict[str, str]:
    """The console's `/config.json`."""
    issuer = outputs["OidcIssuer"]
    return {
        "product": "wirety",
        "api": "/api/v1",
        "sockets": "/ws",
        "issuer": issuer,
        "discovery_url": outputs["OidcDiscoveryUrl"] or f"{issuer.rstrip('/')}/.well-known/openid-configuration",
        "client_id": outputs["OidcClientId"],
        "audience": outputs["OidcAudience"],
        "scope": outputs["OidcScope"],
    }


def encoded(text: str) -> str:
    """Of letters that are themselves in a JavaScript string, a template and a shell."""
    made = quote(text, safe="")
    if len(made) > MAX_PARAMETER_BYTES:
        raise PageTooLarge(f"{len(made)} bytes, and {MAX_PARAMETER_BYTES} fit")
    return made


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
