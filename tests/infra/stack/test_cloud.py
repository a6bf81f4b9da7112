"""The local cloud ends soon, whatever its functions are doing."""

import io
import json
import signal
import threading
import time
import zipfile
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.stack.cloud import REGION, Cloud
from infra.stack.tcp_ports import claim

pytestmark = pytest.mark.stack
ENDLESS = """
import sys, time
def handler(event, context):
    print("began", file=sys.stderr, flush=True)
    time.sleep(300)
"""


def test_a_function_that_does_not_end_does_not_keep_it(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path, claim(0, "CLOUD_PORT"))
    cloud.start()
    process = cloud._process
    assert process is not None
    try:
        calls = [threading.Thread(target=_invoke_endless, args=(cloud,), daemon=True) for _ in range(2)]
        _create_endless(cloud)
        for call in calls:
            call.start()
        while "began" not in cloud.function_log.read_text():
            assert process.poll() is None
            time.sleep(0.05)
    finally:
        cloud.stop()

    assert process.returncode != -signal.SIGKILL


def _client(cloud: Cloud, service: str) -> Any:
    settings = Config(read_timeout=300, retries={"max_attempts": 0})
    return boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=cloud.endpoint,
        region_name=REGION,
        config=settings,
        aws_access_key_id="000000000000",
        aws_secret_access_key="local",
    )


def _create_endless(cloud: Cloud) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as code:
        code.writestr("endless.py", ENDLESS)
    assumed = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [assumed]})
    role = _client(cloud, "iam").create_role(RoleName="endless", AssumeRolePolicyDocument=trust)
    _client(cloud, "lambda").create_function(
        FunctionName="endless",
        Runtime="python3.11",
        Handler="endless.handler",
        Role=role["Role"]["Arn"],
        Code={"ZipFile": archive.getvalue()},
        Timeout=300,
    )


def _invoke_endless(cloud: Cloud) -> None:
    try:
        _client(cloud, "lambda").invoke(FunctionName="endless")
    except (BotoCoreError, ClientError):
        return  # it stopped meanwhile
