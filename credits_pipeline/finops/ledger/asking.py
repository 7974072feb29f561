"""AWS's billing service, asked for credits: two read calls, and no write call."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.ledger.answers import balances, ledger_month
from credits_pipeline.finops.ledger.credit import Balances, LedgerError, LedgerMonth
from credits_pipeline.finops.settings import Payer

#: How far AWS goes back: allocations 24 months, credits a year.
MOST_MONTHS = 24
_A_YEAR = timedelta(days=365)
_PAGE = 1000
_PASSES = frozenset({"ThrottlingException", "InternalServerException", "ServiceUnavailable"})


@dataclass(frozen=True)
class Ledger:
    """The ledger of one payer.

    Attributes:
        payer: whose.
        client: boto3's; default: of the payer's profile, or the SDK's own chain.
        now: the time.
    """

    payer: Payer
    client: Any = None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def month(self, month: BillingMonth, *, signed: bool = False) -> LedgerMonth:
        """A month of it, complete or not known.

        Args:
            month: the billing month.
            signed: whether other months of the payer have minus signs.

        Raises:
            LedgerError: it can't be asked, or says what can't be.
        """
        with self._explained(f"credits of {month}") as client:
            pages = client.get_paginator("get_credit_allocation_history").paginate(
                accountId=self.payer.account,
                startDate=month.start,
                endDate=month.shift(1).start,
                PaginationConfig={"PageSize": _PAGE},
            )
            return ledger_month(pages, self.payer.account, month, now=self.now(), signed=signed)

    def balances(self) -> Balances:
        """The credits of its family, with what is left of each.

        Raises:
            LedgerError: it can't be asked, or says what can't be.
        """
        now = self.now()
        with self._explained("balances of credits") as client:
            answer = client.get_credits(
                accountId=self.payer.account,
                startDate=now - _A_YEAR + timedelta(hours=1),
                payerAccountFlag=True,
            )
            return balances(answer, self.payer.account, now=now)

    @contextmanager
    def _explained(self, what: str) -> Iterator[Any]:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - when used

        account = self.payer.account
        try:
            yield self.client or _client(self.payer)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code == "AccessDeniedException":
                raise LedgerError(
                    f"AWS does not let this machine read the {what} of {account}, which is not the "
                    "same as having none. What to do: allow billing:GetCredits and "
                    "billing:GetCreditAllocationHistory in that account; docs/security.md has the "
                    "policy."
                ) from error
            raise LedgerError(
                f"AWS did not answer for the {what} of {account}: {error}. What to do: "
                f"{'nothing, it is asked again' if code in _PASSES else 'see what AWS says'}.",
                passes=code in _PASSES,
            ) from error
        except BotoCoreError as error:
            raise LedgerError(
                f"AWS could not be asked for the {what} of {account}: {error}. What to do: see "
                "that this machine has credentials of that account and reaches billing in "
                "us-east-1, or what AWS_ENDPOINT_URL_BILLING names.",
                passes=True,
            ) from error


def _client(payer: Payer) -> Any:
    from credits_pipeline.core.aws import billing_client  # noqa: PLC0415 - loads the AWS SDK

    return billing_client(payer.profile)
