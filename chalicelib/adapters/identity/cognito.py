"""The stack's own user pool, which writes to whom it is told to invite."""

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.domain.identity.errors import PoolUnreachable
from chalicelib.observability import logger
from chalicelib.settings import Settings

HAS_A_PASSWORD = "UnsupportedUserStateException"  # noqa: S105  what Cognito calls it
EXISTS = "UsernameExistsException"


class CognitoPool:
    def __init__(self, settings: Settings) -> None:
        self._pool_id = settings.user_pool_id
        self._cognito = boto3.client(
            "cognito-idp",
            region_name=settings.region,
            endpoint_url=settings.endpoint_url,
            config=Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 3}),
        )

    def invite(self, email: str) -> bool:
        """The pool makes the temporary password: it is seen by nobody else."""
        attributes = [{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}]
        return self._is_written_to(email, UserAttributes=attributes) or self._is_written_to(
            email, MessageAction="RESEND"
        )

    def _is_written_to(self, email: str, **how: object) -> bool:
        try:
            self._cognito.admin_create_user(
                UserPoolId=self._pool_id, Username=email, DesiredDeliveryMediums=["EMAIL"], **how
            )
        except (BotoCoreError, ClientError) as error:
            if isinstance(error, ClientError) and error.response["Error"]["Code"] in (EXISTS, HAS_A_PASSWORD):
                return False
            logger.error("invitation_not_sent", extra={"error": repr(error)})
            raise PoolUnreachable from error
        return True


class NoPool:
    """People have their passwords with somebody else, who knows nothing of invitations here."""

    def invite(self, _email: str) -> bool:
        return False
