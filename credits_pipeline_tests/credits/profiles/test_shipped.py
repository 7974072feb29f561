"""The product's own profiles, each with a file of its shape."""

import pytest

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.reading import Sheet, UnreadableFile, read_sheet

JANUARY = BillingMonth(2025, 1)

LEGACY = (
    "identity/LineItemId,bill/PayerAccountId,bill/BillingPeriodStartDate,lineItem/UsageAccountId,"
    "lineItem/LineItemType,lineItem/CurrencyCode,lineItem/UnblendedCost,lineItem/BlendedCost,"
    "product/region,resourceTags/user:team\n"
    "a,999988887777,2025-01-01T00:00:00Z,123412341234,Credit,USD,-61.5000000000,-61.5,x,\n"
    "b,999988887777,2025-01-01T00:00:00Z,123412341234,Usage,USD,88.1000000000,88.1,x,\n"
    "c,999988887777,2025-01-01T00:00:00Z,123412341234,Credit,USD,-5E-7,0,x,\n"
    "d,999988887777,2025-02-01T00:00:00Z,432143214321,Credit,USD,-7.25,-7.25,x,\n"
)
FOCUS = (
    "BillingAccountId,SubAccountId,ChargeCategory,ChargePeriodStart,BillingPeriodStart,"
    "BillingCurrency,BilledCost,EffectiveCost,x_ServiceCode\n"
    "999988887777,123412341234,Usage,2025-01-03T00:00:00Z,2025-01-01T00:00:00Z,USD,500,500,\n"
    "999988887777,123412341234,Credit,2025-01-03T03:00:00Z,2025-01-01T00:00:00Z,USD,-61.5,-61.5,\n"
    "999988887777,123412341234,Credit,2025-01-04T03:00:00Z,2025-01-01T00:00:00Z,USD,-1,-1,\n"
)
CHARGES = (
    "Date,Linked Account,Charge Type,Cost ($)\n"
    "2025-01-01,123412341234,Usage,500.00\n"
    "2025-01-01,123412341234,Credit,-61.50\n"
)
API = (
    "linked_account_id,record_type,period_start,period_end,estimated,unblended_cost_amount,"
    "unblended_cost_unit\n"
    "123412341234,Credit,2025-01-01T00:00:00Z,2025-02-01T00:00:00Z,false,-61.50,USD\n"
    "123412341234,Usage,2025-01-01T00:00:00Z,2025-02-01T00:00:00Z,false,88.10,USD\n"
)
CLOUDBLUE = (
    "Credit ID,AWS Account ID,Customer ID,Asset ID,Amount,Description,Year,Month,Status\n"
    "C-1,123412341234,V-1,AS-1,300.00,MAP,2025,1,PROCESSED\n"
    "C-2,123412341234,V-1,AS-1,20.00,Survey,2025,01,PROCESSED\n"
)
HISTORY = (
    "accountId,appliedServiceName,billingMonth,creditAmount.currencyAmount,"
    "creditAmount.currencyCode,creditId,isEstimatedBill\n"
    "123412341234,Amazon EC2,2025-01,-100.00,USD,9001,false\n"
    "123412341234,Amazon S3,2025-01,-25.50,USD,9001,false\n"
    "432143214321,Amazon S3,2025-02,-4.00,USD,9001,false\n"
)


def months(sheet: Sheet) -> dict[str, dict[str, str]]:
    found = {}
    for month in sheet.months:
        reading = sheet.month(month)
        assert reading.findings.ledger.closes
        assert not len(reading.rejected)
        rows = reading.rows
        found[str(month)] = {
            account: f"{usd.normalize():f}"
            for account, usd in zip(rows["account_id"], rows["amount_usd"], strict=True)
        }
    return found


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (
            "cur-legacy-credits",
            LEGACY,
            {"2025-01": {"123412341234": "61.5000005"}, "2025-02": {"432143214321": "7.25"}},
        ),
        (
            "cur-2-credits",
            LEGACY.replace("bill/PayerAccountId", "bill_payer_account_id")
            .replace("bill/BillingPeriodStartDate", "bill_billing_period_start_date")
            .replace("lineItem/UsageAccountId", "line_item_usage_account_id")
            .replace("lineItem/LineItemType", "line_item_line_item_type")
            .replace("lineItem/CurrencyCode", "line_item_currency_code")
            .replace("lineItem/UnblendedCost", "line_item_unblended_cost")
            .replace("lineItem/BlendedCost", "line_item_blended_cost")
            .replace("identity/LineItemId", "identity_line_item_id")
            .replace("product/region", "product_region_code")
            .replace("resourceTags/user:team", "resource_tags")
            .replace("-01T00:00:00Z", "-01 00:00:00.000"),
            {"2025-01": {"123412341234": "61.5000005"}, "2025-02": {"432143214321": "7.25"}},
        ),
        ("focus-credits", FOCUS, {"2025-01": {"123412341234": "62.5"}}),
        ("cost-explorer-by-charge-type", CHARGES, {"2025-01": {"123412341234": "61.5"}}),
        ("cost-explorer-api", API, {"2025-01": {"123412341234": "61.5"}}),
        ("cloudblue-credits", CLOUDBLUE, {"2025-01": {"123412341234": "320"}}),
        (
            "aws-credit-allocation-history",
            HISTORY,
            {"2025-01": {"123412341234": "125.5"}, "2025-02": {"432143214321": "4"}},
        ),
        (
            "aws-credit-allocation-history",
            HISTORY.replace("-100.00", "100.00").replace("-25.50", "25.50").replace("-4.00", "4"),
            {"2025-01": {"123412341234": "125.5"}, "2025-02": {"432143214321": "4"}},
        ),
    ],
)
def test_each_shape_is_read_by_its_profile(
    name: str, text: str, expected: dict[str, dict[str, str]]
) -> None:
    sheet = read_sheet(text.encode())
    assert sheet.layout == "profile"
    assert sheet.month(JANUARY).findings.profile.startswith(f"{name} ")
    assert months(sheet) == expected


@pytest.mark.parametrize(
    ("text", "old", "new", "says"),
    [
        (HISTORY, "S3,2025-01,-25.50,USD,9001,false", "S3,2025-01,-25.50,USD,9001,true", "estimat"),
        (HISTORY, "-25.50,USD", "-25.50,CNY", "'CNY'"),
        (FOCUS, ",USD,-61.5", ",EUR,-61.5", "'EUR'"),
        (FOCUS, ",Usage,", ",Rebate,", "'Rebate' in the column 'ChargeCategory'"),
        (CLOUDBLUE, "2025,01,PROCESSED", "2025,01,PENDING_ASSIGN", "'PENDING_ASSIGN'"),
        (API, "false,-61.50", "true,-61.50", "estimat"),
        (CHARGES, ",Usage,", ",Gutschrift,", "'Gutschrift' in the column 'Charge Type'"),
    ],
)
def test_what_a_shape_leaves_open_is_for_a_person(text: str, old: str, new: str, says: str) -> None:
    assert old in text
    with pytest.raises(UnreadableFile) as refused:
        read_sheet(text.replace(old, new).encode())
    assert says in refused.value.reason


def test_one_column_more_that_is_not_known_is_not_read_by_the_profile() -> None:
    lines = CHARGES.splitlines()
    more = "\n".join([f"{lines[0]},Share", *(f"{line},50" for line in lines[1:])])
    with pytest.raises(UnreadableFile) as refused:
        read_sheet(more.encode())
    assert refused.value.layout != "profile"
