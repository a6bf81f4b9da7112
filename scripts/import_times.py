"""What each function imports and builds before its first request, against `import boto3` alone.

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
CONTAINER = "from chalicelib.bootstrap import container as c; "
FUNCTIONS: Mapping[str, str] = {
    BASELINE: "import boto3",
    "app.py alone": "import app",
    "api_handler, an API token": f"import app; {CONTAINER}c().accounts; c().networks; c().peers; c().bundles",
    "api_handler, a person": f"import app; {CONTAINER}c().people; c().networks; c().peers",
    "api_handler, an agent's session": f"import app; {CONTAINER}c().enrollment",
    "authorizer": f"import app; {CONTAINER}c().connections; c().browsers",
    "websocket_connect": f"import app; {CONTAINER}c().connections; c().browsers",
    "websocket_message": f"import app; {CONTAINER}c().connections; c().heartbeats; c().gateway",
    "websocket_disconnect": f"import app; {CONTAINER}c().connections; c().browsers",
    "plan": f"import app; {CONTAINER}c().plans",
    "announce": f"import app; {CONTAINER}c().announcements",
    "deliver": f"import app; {CONTAINER}c().deliveries",
}
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_DEFAULT_REGION": "us-east-1",
    "WEBSOCKET_ENDPOINT": "http://127.0.0.1:1/ws",
    "PATH": "/usr/bin:/bin",
}


def took_ms(statement: str) -> float:
    program = f"import time; s = time.perf_counter(); {statement}; print((time.perf_counter() - s) * 1000)"
    done = subprocess.run([sys.executable, "-c", program], env=ENVIRONMENT, capture_output=True, text=True, check=True)
    return float(done.stdout)


def measured(runs: int) -> dict[str, float]:
    """Medians; every round measures each once, so that a slow minute is everybody's."""
    times: dict[str, list[float]] = {name: [] for name in FUNCTIONS}
    for _ in range(runs):
        for name, statement in FUNCTIONS.items():
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
