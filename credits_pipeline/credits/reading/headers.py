"""Header cells: which names mean the account, the credit, the month, a total, a currency."""

import re
from collections.abc import Sequence

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.reading import vocabulary
from credits_pipeline.credits.reading.amounts import FOREIGN_CODES, SMALL_CODES, foreign_sign
from credits_pipeline.credits.reading.characters import folded, plain, words
from credits_pipeline.credits.reading.months import MonthText, month_text

_DOLLARS = re.compile(
    r"\((?:in )?(?:us ?\$|usd|\$|us dollars?|dollars?)\)|\b(?:in )?(?:usd|(?:us )?dollars?)\b"
    r"|us\$|\$",
    re.IGNORECASE,
)
_NOT_IN_A_KEY = re.compile(r"[\W_]")
#: Longer cells name nothing; the limit keeps reading them fast.
_LONGEST = 200
#: What makes a name with "credit" mean something else: a share, a count, a question, a side.
_NO_AMOUNT = re.compile(
    r"[%‰#?№]|[+-]\s*(?:$|\))|\b(?:percent\w*|prozent|pourcent\w*|porcent\w*|number of|no of|count"
    r"|anzahl|nombre de|cantidad de|numero de|quantidade de|rate|ratio|share)\b|件数|回数|割合"
)
_CODE_IN_HEADER = re.compile(r"(?<![A-Za-z])([A-Z]{3})(?![A-Za-z])")

ACCOUNT = vocabulary.ACCOUNT | words(
    """
    account accountid accountids accountno accountnum accountnumber accounts acct acctid acctno
    acctnumber awsaccount awsaccountid awsaccountno awsaccountnumber awsid awslinkedaccount
    awslinkedaccountid lineitemusageaccountid linkedaccount linkedaccountid linkedaccountno
    linkedaccountnumber linkedaccounts memberaccount memberaccountid memberaccountnumber
    subaccount subaccountid usageaccount usageaccountid
    """
)
_SMALL_CODE = re.compile(rf"(?<![A-Za-z])(?:{'|'.join(sorted(SMALL_CODES))})(?![A-Za-z])")
_IN_PARENTHESES = re.compile(r"\([^()]*\)")
_ACCOUNT_ENDS = ("accountid", "accountnumber", "accountno")
_PAYER = re.compile("payer|paying|management|master|billing|parent|root|bank")
_TOTAL = words(
    """
    total totals grandtotal totalcosts totalcost overalltotal sum totalusd rowtotal gesamt summe
    gesamtsumme gesamtkosten coutstotaux totalgeneral costestotales costototal custostotais 合計
    総計 コスト合計 totale totaal
    """
)
_NOT_MONEY = re.compile(
    r"(?:id|ids|name|names|type|types|code|codes|description|expiry|expiration|expires|date|note"
    r"|notes|status|reason|program|programme|owner|source|number|no|key)$"
)
_AMOUNTS = vocabulary.CREDIT | vocabulary.MONEY
_CREDIT_STEMS = ("credit", "debit", "gutschrift", "クレシット")
_WORD = re.compile(r"[^\W_]+")
_DEBIT = re.compile("debit", re.IGNORECASE)
_SURE_WORDS = words(
    """
    account amount amounts applied aws by credit credited credits due edp for in map month monthly
    of owed per promo promotional the this to total us usd value
    """
)
_CREDIT_WORDS = re.compile(
    r"\b(?:aws|promotional|promo|monthly|total|credits?|amounts?|applied|for|of|in|usd)\b|[:()$]",
    re.IGNORECASE,
)


def key(header: str) -> str:
    """A header without case, accents, spaces, signs and the dollar.

    ``Credit (USD)`` is ``credit``.
    """
    if len(header) > _LONGEST:
        return ""
    text = _CODE_IN_HEADER.sub(
        lambda match: " " if match[1] in FOREIGN_CODES else match[0], plain(header)
    )
    summed = vocabulary.SUM_OF.sub("", folded(_DOLLARS.sub(" ", text)))
    bare = _NOT_IN_A_KEY.sub("", summed)
    shorter = bare.removesuffix("inusd").removesuffix("usd").removeprefix("usd")
    return shorter or ("usd" if _DOLLARS.search(text) else bare)


def foreign_in(header: str) -> str | None:
    """The currency other than the US dollar that a header names."""
    sign = foreign_sign(header)
    if sign is not None:
        return sign
    text = plain(header)[:_LONGEST]
    code = next((c for c in _CODE_IN_HEADER.findall(text) if c in FOREIGN_CODES), None)
    if code is None and (small := _SMALL_CODE.search(text)) is not None:
        code = small[0].upper()
    words_of = folded(text)
    name = vocabulary.CURRENCY_NAMES.search(words_of) or vocabulary.OTHER_DOLLARS.search(words_of)
    return code or (None if name is None else name[0])


def is_account(header: str) -> bool:
    """Whether a header is a name of the account column, or ends in one and is not a payer's."""
    found = key(header)
    return (
        found in ACCOUNT
        or key(_IN_PARENTHESES.sub("", header)) in ACCOUNT
        or (found.endswith(_ACCOUNT_ENDS) and not _PAYER.search(found))
    )


def is_amount(header: str) -> bool:
    """Whether a header is a name of the credit column, or of money that may be credits."""
    return key(header) in _AMOUNTS and not _NO_AMOUNT.search(folded(header))


def says_credit(header: str) -> bool:
    """Whether a header says explicitly that the amounts below it are credits."""
    return key(header) not in vocabulary.MONEY


def may_be_amount(header: str) -> bool:
    """Whether a header mentions credits or debits in words that are not in the list."""
    found = key(header)
    return (
        any(word in found for word in _CREDIT_STEMS)
        and not _NOT_MONEY.search(found)
        and not _NO_AMOUNT.search(folded(header))
    )


def is_not_an_amount(header: str) -> bool:
    """Whether a header makes the values below it a share, a count or a question."""
    return len(header) <= _LONGEST and _NO_AMOUNT.search(folded(header)) is not None


def reads_as_amount(header: str) -> bool:
    """Whether a header that passed `may_be_amount` consists only of unambiguous words.

    ``AWS promotional credits applied`` does; ``Credits remaining`` does not.
    """
    words_of = _WORD.findall(plain(header).casefold())
    return all(word in _SURE_WORDS for word in words_of) and not _DEBIT.search(header)


def is_total_column(header: str) -> bool:
    """Whether a column sums up the row."""
    return key(header) in _TOTAL


def is_total(header: str) -> bool:
    """Whether a column beside months sums them up; ``Total credits`` counts as such a name."""
    return is_total_column(header) or (is_amount(header) and key(header).startswith("total"))


def month_in(header: str) -> MonthText | None:
    """The month that a header names, with or without words of credit around it."""
    if len(header) > _LONGEST:
        return None
    found = month_text(header)
    if found is not None:
        return found
    rest = " ".join(_CREDIT_WORDS.sub(" ", plain(header)).split()).strip("-_,/ ")
    return month_text(rest) if rest else None


def distinct_months(texts: Sequence[MonthText]) -> list[BillingMonth] | None:
    """The months of a row of headers, which are all different; None if that is not certain."""
    readings = []
    for order in ("month_first", "day_first"):
        months = [text.month_first if order == "month_first" else text.day_first for text in texts]
        known = [month for month in months if month is not None]
        if len(known) == len(texts) == len(set(known)):
            readings.append(known)
    if len(readings) == 1 or (readings and readings[0] == readings[-1]):
        return readings[0]
    return None
