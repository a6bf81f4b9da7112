"""Show the keys that sign bundles and tombstones, or sign with the successor from now on and name a new one.

Run with the operator's own AWS credentials in the environment of the functions (`ACCOUNTS_TABLE`, `DATA_KEY_ID`,
`AWS_REGION`, …). Every bundle names the successor, so an agent follows a rotation if it had one since the last; who had
none has to enrol anew: let a day pass between two, or as long as agents may be away. Functions sign with the former key
for a minute more. Prints `{"number": …, "current": …, "successor": …}`, Ed25519 public keys in base64.
"""

import argparse
import json
import sys
from collections.abc import Sequence

from chalicelib.bootstrap.container import container


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--rotate", type=int, metavar="N", help="rotate, if the keys' number is N; without it: show them"
    )
    given = parser.parse_args(arguments)
    signing = container().signing
    keys = signing.keys()
    if given.rotate is not None:
        if given.rotate != keys.number:
            said = f"rotate_signing_key: the keys' number is {keys.number}, not {given.rotate}: rotated already?"
            print(said, file=sys.stderr)
            return 1
        keys = signing.rotate()
    print(json.dumps({"number": keys.number, "current": keys.current.public, "successor": keys.successor.public}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
