"""The page that shows exactly this statement, for letters and documents."""

from credits_pipeline.finops.address import link
from credits_pipeline.finops.chargeback.view import View
from credits_pipeline.finops.queries.words import UNTAGGED
from credits_pipeline.finops.settings import pages_url


def page_of(view: View) -> str:
    """Its address with the month, the model and the one owner; empty if the pages have none.

    Raises:
        SettingError: the pages' address is not an address.
    """
    base, statement = pages_url(), view.statement
    if not base:
        return ""
    words = {"month": statement.month, "model": statement.model}
    if view.only is not None and len(view.only) == 1:
        words[statement.to] = view.only[0] or UNTAGGED
    return link("chargeback", None, base=base, **words)
