"""Why something is not done with webhooks."""

from chalicelib.domain.errors import Conflict, NotFound


class HookNotFound(NotFound):
    """No such webhook, or of networks that the caller does not see."""

    code = "webhook_not_found"

    def __init__(self, hook_id: str) -> None:
        super().__init__(f"There is no webhook {hook_id}.")


class DeliveryNotFound(NotFound):
    """No such delivery of the webhook, or older than deliveries are kept."""

    code = "delivery_not_found"

    def __init__(self, delivery_id: str) -> None:
        super().__init__(f"There is no delivery {delivery_id} of this webhook; deliveries are kept for 7 days.")


class TooManyHooks(Conflict):
    """Every event looks at all of them."""

    code = "too_many_webhooks"

    def __init__(self, most: int) -> None:
        super().__init__(f"There are {most} webhooks, and more are not possible. Delete one that is not used.")
