"""The console on AWS: what the bucket holds, what the CDN's function answers, what is deployed in which order."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.memory.clock_and_chance import SteppedClock
from infra.content_policy import NoIdentityProvider, content_policy, identity_origins
from infra.package import ROOT
from infra.publish import MAX_PARAMETER_BYTES, PageTooLarge, config_of, encoded, published
from tests.adapters.identity_provider import IdentityProvider, identity_provider

MAX_FUNCTION_BYTES = 10 * 1024  # CloudFront's limit
PAGE = '<meta name="csp-nonce" content="__CSP_NONCE__"><p title=\'a\'>50 % `${x}` é</p>\n'
URL = "https://d1.cloudfront.net"
GIVEN = {"BUCKET": "b", "ORIGIN_SECRET": "s" * 32, "ADMINISTRATOR": "ana@example.com", "POOL_DOMAIN_PREFIX": "p"}


@pytest.fixture
def outputs() -> Iterator[dict[str, str]]:
    with identity_provider(SteppedClock()) as provider:
        document = {
            "issuer": provider.issuer,
            "jwks_uri": f"{provider.url}/jwks",
            "token_endpoint": "https://idp.example.com/token",
        }
        provider.raw["/d"] = json.dumps(document).encode()
        yield outputs_with(provider)


def outputs_with(provider: IdentityProvider) -> dict[str, str]:
    return {
        "RestApiId": "rest1",
        "WebsocketApiId": "ws1",
        "OidcIssuer": "https://idp.example.com",
        "OidcDiscoveryUrl": f"{provider.url}/d",
        "OidcClientId": "console",
        "OidcAudience": "",
        "OidcScope": "openid groups",
    }


@pytest.fixture
def console(tmp_path: Path) -> Path:
    made = tmp_path / "console"
    (made / "assets").mkdir(parents=True)
    (made / "assets" / "index-1a.js").write_text("start()")
    (made / "index.html").write_text(PAGE)
    return made


def parameters(directory: Path) -> dict[str, str]:
    lines = (directory / "parameters").read_text().splitlines()
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


def answered(given: dict[str, str], *paths: str) -> Any:
    """What the function of console.yaml answers to requests, run by Node."""
    template = (ROOT / "infra" / "console.yaml").read_text()
    code = template.partition("FunctionCode: !Sub |\n")[2].partition("\n\n  # ")[0]
    filled = re.sub(r"\$\{(\w+)\}", lambda found: given[found[1]], code)
    assert len(filled) < MAX_FUNCTION_BYTES
    events = [{"context": {"requestId": f"r{at}"}, "request": {"uri": path}} for at, path in enumerate(paths)]
    program = f"{filled}\nconsole.log(JSON.stringify({json.dumps(events)}.map(handler)))"
    done = subprocess.run(["node", "-e", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_bucket_holds_all_but_the_page_and_says_where_people_sign_in(
    console: Path, outputs: dict[str, str], tmp_path: Path
) -> None:
    published(console, outputs, tmp_path / "made")

    files = tmp_path / "made" / "files"
    assert {path.name for path in files.rglob("*") if path.is_file()} == {"index-1a.js", "config.json"}
    assert json.loads((files / "config.json").read_text()) == config_of(outputs)


@pytest.mark.parametrize("issuer", ["https://idp.example.com/a", "https://idp.example.com/a/"])
def test_without_a_discovery_url_it_is_the_issuers_own(outputs: dict[str, str], issuer: str) -> None:
    config = config_of({**outputs, "OidcIssuer": issuer, "OidcDiscoveryUrl": ""})

    assert config["discovery_url"] == "https://idp.example.com/a/.well-known/openid-configuration"


def test_a_provider_of_another_name_is_refused_with_both_names(
    console: Path, outputs: dict[str, str], tmp_path: Path
) -> None:
    configured = outputs["OidcIssuer"] + "/"

    with pytest.raises(NoIdentityProvider, match=r"says the issuer https://idp.example.com, and .*slash at the end"):
        published(console, {**outputs, "OidcIssuer": configured}, tmp_path / "made")


@pytest.mark.parametrize("size", [MAX_PARAMETER_BYTES, MAX_PARAMETER_BYTES + 1])
def test_a_page_that_no_parameter_holds_is_refused(size: int) -> None:
    if size > MAX_PARAMETER_BYTES:
        with pytest.raises(PageTooLarge):
            encoded("a" * size)
    else:
        assert encoded("a" * size) == "a" * size


@pytest.mark.node
def test_the_cdn_answers_paths_of_the_app_with_the_page_and_leaves_files_to_the_bucket(
    console: Path, outputs: dict[str, str], tmp_path: Path
) -> None:
    published(console, outputs, tmp_path)

    found = answered(parameters(tmp_path), "/", "/networks/net_1", "/index.html", "/assets/index-1a.js", "/config.json")

    nonces = [answer["body"]["data"].partition('content="')[2].partition('"')[0] for answer in found[:3]]
    assert len({*nonces, "__CSP_NONCE__", ""}) == 5
    for answer, nonce in zip(found[:3], nonces, strict=True):
        assert answer["body"]["data"] == PAGE.replace("__CSP_NONCE__", nonce)
        policy = content_policy(identity_origins(outputs["OidcDiscoveryUrl"]), nonce)
        assert answer["headers"]["content-security-policy"]["value"] == policy
    assert found[3:] == [{"uri": "/assets/index-1a.js"}, {"uri": "/config.json"}]


AWS = """#!/bin/sh
echo "$@" >> "$CALLS"
case "$*" in
*describe-stacks*json*) cat "$OUTPUTS" ;;
*describe-stacks*Bucket*) cat "$BEFORE" ;;
*describe-stacks*Url*) echo https://d1.cloudfront.net ;;
*deploy*-origin*) echo files-1 > "$BEFORE" ;;
esac
"""


@dataclass(frozen=True)
class Deployment:
    """A deployment with a stand-in for the AWS CLI."""

    done: subprocess.CompletedProcess[str]
    calls: list[str]

    def stacks(self, name: str) -> list[str]:
        return [call for call in self.calls if f"deploy --stack-name {name} --template" in call]


def deploy(outputs: dict[str, str], tmp_path: Path, before: str = "", **more: str) -> Deployment:
    (tmp_path / "aws").write_text(AWS)
    (tmp_path / "aws").chmod(0o755)
    (tmp_path / "before").write_text(before)
    (tmp_path / "calls").write_text("")
    listed = [{"OutputKey": name, "OutputValue": value} for name, value in outputs.items()]
    (tmp_path / "outputs").write_text(json.dumps(listed))
    own = {"CALLS": "calls", "OUTPUTS": "outputs", "BEFORE": "before"}
    environment = {
        **os.environ,
        **GIVEN,
        **more,
        **{name: str(tmp_path / file) for name, file in own.items()},
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
    }
    done = subprocess.run(["sh", "scripts/deploy.sh"], cwd=ROOT, env=environment, capture_output=True, text=True)
    return Deployment(done, (tmp_path / "calls").read_text().splitlines())


@pytest.mark.node
@pytest.mark.parametrize("again", [False, True], ids=["the first time", "again"])
def test_a_page_is_never_there_before_its_files_and_people_come_back_to_the_console(
    outputs: dict[str, str], tmp_path: Path, again: bool
) -> None:
    made = deploy(outputs, tmp_path, "files-1\n" if again else "")

    assert made.done.returncode == 0, made.done.stderr
    kinds = {"aws s3 cp": "files", "--stack-name wirety-origin --template": "origin"}
    ordered = [kind for call in made.calls for sign, kind in kinds.items() if sign in f"aws {call}"]
    stacks = made.stacks("wirety")
    assert ordered == (["files", "files", "origin"] if again else ["origin", "files", "files"])
    assert "ConsoleUrl" not in stacks[0]
    assert stacks[1].endswith(f"ConsoleUrl={URL}")
    assert URL in made.done.stdout


@pytest.mark.node
@pytest.mark.parametrize("zone", ["", "Z1"])
def test_a_name_of_its_own_goes_to_the_cdn_with_its_certificate(
    outputs: dict[str, str], tmp_path: Path, zone: str
) -> None:
    made = deploy(outputs, tmp_path, DOMAIN_NAME="vpn.example.com", CERTIFICATE_ARN="arn:1", HOSTED_ZONE_ID=zone)

    [origin] = made.stacks("wirety-origin")
    assert "DomainName=vpn.example.com CertificateArn=arn:1" in origin
    assert ("HostedZoneId=Z1" in origin) is bool(zone)


@pytest.mark.parametrize("missing", [*GIVEN, "CERTIFICATE_ARN"])
def test_what_a_deployment_lacks_is_named_before_anything_is_done(
    outputs: dict[str, str], tmp_path: Path, missing: str
) -> None:
    made = deploy(outputs, tmp_path, **{"DOMAIN_NAME": "vpn.example.com", "CERTIFICATE_ARN": "arn:1", missing: ""})

    assert made.done.returncode != 0
    assert f"make deploy {missing}=" in made.done.stderr
    assert made.calls == []
