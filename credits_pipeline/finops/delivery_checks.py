"""The statements about a delivery and their meaning, in the order in which they are shown.

They are here alone, so that a code location that lists them loads nothing that reads bills.
"""

CHECKS: dict[str, str] = {
    "delivery_is_newest": "This delivery is not older than the one that counts.",
    "files_match_manifest": (
        "Every file of the manifest is there, with the stated size and checksum."
    ),
    "rows_match_manifest": "The files have as many rows as the manifest states.",
    "columns_are_there": "The files have the columns that are needed to add up a bill.",
    "cells_have_their_types": "Every amount and every time can be read.",
    "months_match_manifest": "Every row belongs to the month that was delivered.",
    "money_is_exact": "Amounts are kept to the last digit.",
    "values_in_closed_lists": "FOCUS's closed lists contain only their own values.",
    "credits_cost_the_same": "A credit has the same amount in all four costs.",
    "one_currency_an_account": "A billing account is billed in one currency.",
    "charges_lie_in_period": "Charges lie within their billing period.",
    "tags_are_readable": "Tags are keys and values.",
    "totals_match_invoices": (
        "The rows of an invoice add up to the total that a person has stated."
    ),
    "not_smaller_than_before": "The month has not lost rows or columns since its last delivery.",
}
