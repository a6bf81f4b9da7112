"""The stores of a deployment over the wire, without the rest of AWS."""

from functools import cached_property

from chalicelib.adapters.memory.clock_and_chance import MemoryVault
from chalicelib.adapters.memory.queues import MemoryQueue
from chalicelib.bootstrap.aws import Aws
from chalicelib.ports.outside import Vault
from chalicelib.ports.queues import PushQueue


class StoresAlone(Aws):
    """KMS and SQS, which DynamoDB Local is not, in memory."""

    @cached_property
    def vault(self) -> Vault:
        return MemoryVault()

    @cached_property
    def queue(self) -> PushQueue:
        return MemoryQueue()
