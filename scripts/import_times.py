"""What each function imports and builds before its first request, against `import boto3` alone.

The client of DynamoDB is built too, as the first request would.

Each is measured in processes of its own, one after the other in turns, on a quiet machine:
`python -m scripts.import_times [--runs 9] [--json]`. Milliseconds, medians.
"""

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Mapping

BASELINE = "boto3"
CLIENT = "from chalicelib.adapters.dynamodb.table import NetworkItem as i; i._get_connection().connection.client"
USED: Mapping[str, str] = {
    "api_handler, an API token": "accounts networks peers bundles",
    "api_handler, a person": "people networks peers",
    "api_handler, an agent's session": "enrollment",
    "authorizer": "connections browsers",
    "websocket_connect": "connections browsers",
    "websocket_message": "connections heartbeats gateway",
    "websocket_disconnect": "connections browsers",
    "plan": "plans",
    "announce": "announcements",
    "revoke": "revocations",
    "deliver": "deliveries",
}
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_DEFAULT_REGION": "us-east-1",
    "WEBSOCKET_ENDPOINT": "http://127.0.0.1:1/ws",
    "PATH": "/usr/bin:/bin",
}


def statements() -> dict[str, str]:
    """What to measure, by name."""
    start = "import app; from chalicelib.bootstrap import container as c; "
    functions = {
        name: f"{start}{'; '.join(f'c().{piece}' for piece in pieces.split())}; {CLIENT}"
        for name, pieces in USED.items()
    }
    return {BASELINE: f"import {BASELINE}", "app.py alone": "import app", **functions}


def took_ms(statement: str) -> float:
    program = f"import time; s = time.perf_counter(); {statement}; print((time.perf_counter() - s) * 1000)"
    done = subprocess.run([sys.executable, "-c", program], env=ENVIRONMENT, capture_output=True, text=True, check=True)
    return float(done.stdout)


def measured(runs: int) -> dict[str, float]:
    """Medians; every round measures each once, so that a slow minute is everybody's."""
    times: dict[str, list[float]] = {name: [] for name in statements()}
    for _ in range(runs):
        for name, statement in statements().items():
            times[name].append(took_ms(statement))
    return {name: round(statistics.median(values), 1) for name, values in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--json", action="store_true", help="one object: milliseconds by name")
    given = parser.parse_args()
    medians = measured(given.runs)
    if given.json:
        print(json.dumps(medians))
        return
    for name, ms in medians.items():
        print(f"{name:34} {ms:7.1f} ms   {ms / medians[BASELINE]:.2f} x {BASELINE}")


if __name__ == "__main__":
    main()
