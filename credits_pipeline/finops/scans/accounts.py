"""The accounts of a scan, and access to each: through Organizations and an assumed read role."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from credits_pipeline.finops.scans.asking import Asking, NotSeenError, Requests
from credits_pipeline.finops.scans.settings import ORGANIZATION, OWN, Scanned

_HOME = "us-east-1"
_SESSION = "credits-pipeline-scan"


class ScanError(Exception):
    """Nothing can be scanned; the message says why and what to do."""


@dataclass(frozen=True)
class Account:
    """One account.

    Attributes:
        id: its id.
        name: empty if not known.
        credentials: of the assumed role; None for the own account.
        refused: why it can't be scanned; None if it can.
    """

    id: str
    name: str
    credentials: Mapping[str, str] | None = None
    refused: NotSeenError | None = None


class Accounts:
    """Who is asked, and as whom."""

    def __init__(self, scanned: Scanned, requests: Requests, attempts: int = 5) -> None:
        """Name them.

        Args:
            scanned: what to scan.
            requests: the counters.
            attempts: of each request.
        """
        self._scanned, self.requests, self._attempts = scanned, requests, attempts
        self._home = scanned.regions[0] if scanned.regions else _HOME

    @cached_property
    def own(self) -> str:
        """The account of the credentials.

        Raises:
            ScanError: there is no answer, or there are no credentials.
        """
        try:
            return str(self._asking("own", None).one("sts", "get_caller_identity")["Account"])
        except NotSeenError as error:
            raise ScanError(
                f"AWS does not say whose credentials these are: {error.says} What to do: give the "
                "scan credentials as the AWS SDK reads them, such as a role or AWS_PROFILE."
            ) from error

    @cached_property
    def all(self) -> list[Account]:
        """Every account, each with its access or the reason why there is none.

        Raises:
            ScanError: not even the list of them is available.
        """
        return list(self._found())

    def asking(self, account: Account, region: str) -> Asking:
        """One account in one region."""
        return Asking(
            account.id, account.name, region, self.requests, account.credentials, self._attempts
        )

    def _found(self) -> Iterator[Account]:
        for id_, name in self._named():
            if id_ == self.own:
                yield Account(id_, name)
                continue
            try:
                yield Account(id_, name, self._assumed(id_))
            except NotSeenError as error:
                yield Account(id_, name, refused=error)

    def _named(self) -> Iterator[tuple[str, str]]:
        if self._scanned.accounts == (OWN,):
            yield self.own, ""
            return
        if self._scanned.accounts != (ORGANIZATION,):
            for id_ in self._scanned.accounts:
                yield id_, ""
            return
        asking = self._asking(self.own, None)
        try:
            for one in asking.pages("organizations", "list_accounts", "Accounts"):
                if one.get("Status", "ACTIVE") == "ACTIVE":
                    yield one["Id"], one.get("Name", "")
        except NotSeenError as error:
            raise ScanError(
                f"AWS Organizations does not list the accounts: {error.says} Or name them in "
                "FINOPS_SCAN_ACCOUNTS."
            ) from error

    def _assumed(self, account: str) -> Mapping[str, str]:
        if not self._scanned.role:
            raise NotSeenError(
                f"account {account}: there is no role to enter it with. What to do: name the "
                "read-only role in FINOPS_SCAN_ROLE.",
                "sts:AssumeRole",
            )
        arn = f"arn:aws:iam::{account}:role/{self._scanned.role}"
        try:
            answer = self._asking(account, None).one(
                "sts", "assume_role", RoleArn=arn, RoleSessionName=_SESSION
            )
        except NotSeenError as error:
            raise NotSeenError(
                f"account {account}: {arn} can't be assumed: {error.says} What to do: let "
                f"{self.own} assume it in the role's trust policy.",
                "sts:AssumeRole",
            ) from error
        found = answer["Credentials"]
        return {
            "aws_access_key_id": found["AccessKeyId"],
            "aws_secret_access_key": found["SecretAccessKey"],
            "aws_session_token": found["SessionToken"],
        }

    def _asking(self, account: str, credentials: Mapping[str, str] | None) -> Asking:
        return Asking(account, "", self._home, self.requests, credentials, self._attempts)
