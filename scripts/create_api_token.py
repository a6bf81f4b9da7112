"""Make an API token with the operator's own AWS credentials: the way in before anybody can sign in.

Reads the same environment as the functions (`ACCOUNTS_TABLE`, `AWS_REGION`, …) and prints
`{"id": …, "token": …}`. The token is shown this once.
"""

import argparse
import json
from datetime import timedelta

from chalicelib.bootstrap.container import container
from chalicelib.domain.identity.principal import Role


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", required=True, help="what the token is for, as shown in lists")
    parser.add_argument("--role", required=True, choices=[role.value for role in Role])
    parser.add_argument("--days", type=int, help="how long it is good; without it until it is revoked")
    given = parser.parse_args()
    lifetime = None if given.days is None else timedelta(days=given.days)
    token = container().api_tokens.create_for_deployment(given.name, Role(given.role), lifetime=lifetime)
    print(json.dumps({"id": token.record, "token": token.text()}))


if __name__ == "__main__":
    main()
