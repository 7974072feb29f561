"""The pages' data about credits, read once a minute, and a month's sides once per version."""

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.errors import BillError
from credits_pipeline.finops.ledger.view import LedgerView, ledger_view
from credits_pipeline.finops.pages.plain import plain

T = TypeVar("T")
_SECONDS = 60


def read_ledger(root: str) -> LedgerView | None:
    """The stored ledger; None, with the reason on the page, if it can't be read."""
    try:
        return _ledger(root)
    except BillError as error:
        st.error(plain(error))
        return None


def read_of_month(root: str, month: BillingMonth, question: Callable[[str, BillingMonth], T]) -> T:
    """An answer about a month that needs rows of its bill.

    Raises:
        BillError: something stored can't be read.
    """
    found: T = _of_month(root, str(month), question.__name__, question)
    return found


@st.cache_data(ttl=_SECONDS, max_entries=8, show_spinner=False)
def _ledger(root: str) -> LedgerView:
    return ledger_view(root)


@st.cache_data(ttl=_SECONDS, max_entries=64, show_spinner=False)
def _of_month(root: str, month: str, name: str, _question: Callable[[str, BillingMonth], T]) -> T:
    del name  # of the question, which distinguishes answers
    return _question(root, BillingMonth.parse(month))
