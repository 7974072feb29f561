"""Queries one account and region through the AWS SDK: only reads, every request counted.

AWS's refusals become a `NotSeenError` with the name of the permission; the caller continues with
the rest. Only Describe, Get, List and AssumeRole operations are called.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")
_READS = ("describe_", "get_", "list_", "assume_role")
_DENIED = {
    "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError",
    "AuthorizationErrorException",
}  # fmt: skip
_NOT_ENROLLED = "OptInRequiredException"
_OFF = {"OptInRequired", "AuthFailure", "InvalidClientTokenId", "UnrecognizedClientException"}
_THROTTLED = {
    "Throttling", "ThrottlingException", "ThrottledException", "RequestLimitExceeded",
    "TooManyRequestsException", "RequestThrottled", "LimitExceededException",
    "ProvisionedThroughputExceededException", "SlowDown",
}  # fmt: skip
#: The names of services in IAM's policies, if the SDK's names differ.
_IAM = {
    "elbv2": "elasticloadbalancing",
    "resourcegroupstaggingapi": "tag",
}
_ACTIONS = {
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
}


class NotSeenError(Exception):
    """A part could not be read.

    Attributes:
        permission: the missing one; empty if that is not the cause.
        says: what happened, where, and what to do.
    """

    def __init__(self, says: str, permission: str = "") -> None:
        super().__init__(says)
        self.says, self.permission = says, permission


@dataclass
class Requests:
    """How often each operation was called, including retries, and how many metrics were billed."""

    by_operation: Counter[str] = field(default_factory=Counter)
    metrics: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.by_operation.total()


@dataclass
class Asking:
    """One account in one region.

    Attributes:
        account: its id.
        account_name: empty if not known.
        region: where.
        requests: the counters; one for the whole scan.
        credentials: of the assumed role, by the SDK's names; None for its own chain.
        attempts: of each request.
    """

    account: str
    account_name: str
    region: str
    requests: Requests
    credentials: Mapping[str, str] | None = None
    attempts: int = 5
    _clients: dict[str, Any] = field(default_factory=dict, repr=False)

    def pages(self, service: str, operation: str, key: str, **words: Any) -> Iterator[Any]:
        """Everything that a list operation returns, over all of its pages.

        Args:
            service: as the SDK calls it.
            operation: in snake case.
            key: of the list in each answer.
            words: of the request.

        Raises:
            NotSeenError: AWS refuses, does not answer or does not know it.
        """
        client = self._client(service)
        if not client.can_paginate(operation):
            yield from self._tokens(service, operation, key, words)
            return
        self._check(operation)
        pages = iter(client.get_paginator(operation).paginate(**words))
        while True:
            page = self._told(service, operation, lambda: next(pages, None))
            if page is None:
                return
            yield from page.get(key) or ()

    def one(self, service: str, operation: str, **words: Any) -> Mapping[str, Any]:
        """One answer.

        Raises:
            NotSeenError: as in `pages`.
        """
        self._check(operation)
        call = getattr(self._client(service), operation)
        answer: Mapping[str, Any] = self._told(service, operation, lambda: call(**words))
        return answer

    def _tokens(
        self, service: str, operation: str, key: str, words: Mapping[str, Any]
    ) -> Iterator[Any]:
        """Pages of an operation that the SDK has no paginator for."""
        token = ""
        while True:
            more = {"nextToken": token} if token else {}
            answer = self.one(service, operation, **words, **more)
            yield from answer.get(key) or ()
            token = str(answer.get("nextToken") or "")
            if not token:
                return

    def _check(self, operation: str) -> None:
        if not operation.startswith(_READS):
            raise ValueError(f"{operation} does not only read: scans change nothing")

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            from credits_pipeline.core.aws import reading_client  # noqa: PLC0415 - loads the SDK

            client = reading_client(service, self.region, self.credentials, self.attempts)

            def count(**sent: Any) -> None:
                self.requests.by_operation[f"{service}:{sent['event_name'].rsplit('.', 1)[1]}"] += 1

            client.meta.events.register("before-send", count)
            self._clients[service] = client
        return self._clients[service]

    def _told(self, service: str, operation: str, call: Callable[[], T]) -> T:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - the SDK
        from botocore.parsers import ResponseParserError  # noqa: PLC0415 - the SDK

        where = f"account {self.account}, {self.region}"
        client = self._client(service)
        action = _action(service, client.meta.method_to_api_mapping[operation])
        try:
            return call()
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            text = str(error.response.get("Error", {}).get("Message", ""))
            raise _refused(code, text, action, where) from error
        except (BotoCoreError, ResponseParserError) as error:
            raise NotSeenError(
                f"{where}: {action} was not answered: {error}. What to do: check that this machine "
                "reaches AWS and has credentials; the next scan asks again."
            ) from error


def _refused(code: str, text: str, action: str, where: str) -> NotSeenError:
    if code in _DENIED:
        return NotSeenError(
            f"{where}: {action} is not allowed ({code}). What to do: add {action} to the role's "
            "policy.",
            action,
        )
    if code == _NOT_ENROLLED:
        return NotSeenError(
            f"{where}: {action} is not answered: the account is not enrolled in the service "
            f"({code}). What to do: enrol it, or set FINOPS_SCAN_AWS_FINDINGS=off."
        )
    if code in _OFF:
        return NotSeenError(
            f"{where}: the region is off for the account, or its credentials are not valid there "
            f"({code}). What to do: enable it, or leave it out of FINOPS_SCAN_REGIONS."
        )
    if code in _THROTTLED:
        return NotSeenError(
            f"{where}: AWS throttled {action} at every attempt ({code}). What to do: nothing; the "
            "next scan asks again."
        )
    return NotSeenError(
        f"{where}: {action} failed: {code}: {text}. What to do: the next scan asks again."
    )


def _action(service: str, name: str) -> str:
    action = f"{_IAM.get(service, service)}:{name}"
    return _ACTIONS.get(action, action)
