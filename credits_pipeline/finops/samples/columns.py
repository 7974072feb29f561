"""The columns that each provider delivers, as SQL over the tables of `charges`.

AWS: FOCUS 1.2 of Data Exports, as text (CSV) or as Parquet with doubles and maps. Azure: FocusCost
1.2-preview, as text. Google: FOCUS as Parquet with NUMERIC amounts and tags as key and value.
"""

from enum import StrEnum

from credits_pipeline.finops.samples.organisation import Payer


class Form(StrEnum):
    """How values are written."""

    TEXT = "csv"
    DOUBLES = "aws parquet"
    NUMERIC = "gcp parquet"


_WRITTEN = {
    # No trailing zeros, as the providers write.
    Form.TEXT: "rtrim(rtrim(CAST({} AS VARCHAR), '0'), '.')",
    Form.DOUBLES: "CAST({} AS DOUBLE)",
    Form.NUMERIC: "CAST({} AS DECIMAL(38,9))",
}
_MOMENTS = {
    Form.TEXT: "strftime({}, '%Y-%m-%dT00:00:00Z')",
    Form.DOUBLES: "CAST({} AS TIMESTAMP)",
    Form.NUMERIC: "CAST({} AS TIMESTAMP)",
}
_MAPS = {
    Form.TEXT: "nullif({}, '')",
    Form.DOUBLES: "CAST(CAST(nullif({}, '') AS JSON) AS MAP(VARCHAR, VARCHAR))",
    Form.NUMERIC: "list_transform(map_entries(CAST(CAST(nullif({}, '') AS JSON) AS "
    "MAP(VARCHAR, VARCHAR))), lambda entry: {{'key': entry.key, 'value': entry.value}})",
}
#: Columns that are amounts, prices and quantities, and columns that are times.
AMOUNTS = {
    "BilledCost": "billed",
    "EffectiveCost": "effective",
    "ListCost": "list",
    "ContractedCost": "contracted",
    "ListUnitPrice": "charge.list_price",
    "ContractedUnitPrice": "charge.contracted_price",
    "PricingQuantity": "quantity",
    "PricingCurrencyEffectiveCost": "effective",
    "PricingCurrencyListUnitPrice": "charge.list_price",
    "PricingCurrencyContractedUnitPrice": "charge.contracted_price",
    "ConsumedQuantity": "CASE WHEN measured THEN quantity END",
    "CommitmentDiscountQuantity": "CASE WHEN promise.id IS NULL THEN NULL "
    "WHEN charge.category = 'Purchase' THEN list WHEN in_dollars THEN effective "
    "ELSE quantity END",
}
MOMENTS = {
    "BillingPeriodStart": "$start",
    "BillingPeriodEnd": "$end",
    "ChargePeriodStart": "charge.first",
    "ChargePeriodEnd": "until",
}
_TEXT_COLUMNS = {
    "AvailabilityZone": "nullif(zone, '')",
    "BillingAccountId": "$payer",
    "BillingAccountName": "$payer_name",
    "BillingAccountType": "$payer_kind",
    "BillingCurrency": "'USD'",
    "CapacityReservationId": "CAST(NULL AS VARCHAR)",
    "CapacityReservationStatus": "CAST(NULL AS VARCHAR)",
    "ChargeCategory": "charge.category",
    "ChargeClass": "class",
    "ChargeDescription": "charge.description",
    "ChargeFrequency": "frequency",
    "CommitmentDiscountCategory": "promise.category",
    "CommitmentDiscountId": "promise.id",
    "CommitmentDiscountName": "promise.name",
    "CommitmentDiscountStatus": "status",
    "CommitmentDiscountType": "promise.kind",
    "CommitmentDiscountUnit": "CASE WHEN promise.id IS NULL THEN NULL "
    "WHEN charge.category = 'Purchase' OR in_dollars THEN 'USD' ELSE charge.unit END",
    "ConsumedUnit": "CASE WHEN measured THEN charge.unit END",
    "InvoiceId": "$invoice",
    "InvoiceIssuerName": "$issuer",
    "PricingCategory": "CASE WHEN charge.sku IS NULL THEN NULL "
    "WHEN status IS NULL THEN 'Standard' ELSE 'Committed' END",
    "PricingCurrency": "'USD'",
    "PricingUnit": "charge.unit",
    "ProviderName": "$provider",
    "PublisherName": "$publisher",
    "RegionId": "region",
    "RegionName": "region_name",
    "ResourceId": "coalesce(resource, promise.id)",
    "ResourceName": "coalesce(resource_name, promise.name)",
    "ResourceType": "coalesce(resource_kind, promise.kind)",
    "ServiceCategory": "charge.service_category",
    "ServiceName": "charge.service",
    "ServiceSubcategory": "charge.service_subcategory",
    "SkuId": "charge.sku",
    "SkuMeter": "CASE WHEN charge.sku IS NOT NULL THEN coalesce(meter, 'Commitment or fee') END",
    "SkuPriceId": "charge.sku || '.' || substr(md5(charge.code || charge.sku), 1, 10)",
    "SubAccountId": "charge.account",
    "SubAccountName": "charge.account_name",
    "SubAccountType": "$account_kind",
}
_AWS = {
    "x_Operation": "meter",
    "x_ServiceCode": "charge.code",
}
_AZURE_MORE = {
    "x_BilledCostInUsd": "billed",
    "x_BillingExchangeRate": "CAST(1 AS DECIMAL(18,6))",
    "x_ContractedCostInUsd": "contracted",
    "x_EffectiveCostInUsd": "effective",
    "x_EffectiveUnitPrice": "charge.contracted_price",
    "x_ListCostInUsd": "list",
    "x_PricingBlockSize": "CASE WHEN charge.sku IS NOT NULL THEN CAST(1 AS DECIMAL(18,6)) END",
}
_AZURE_TIMES = {
    "x_BillingExchangeRateDate": "$start",
    "x_ServicePeriodEnd": "until",
    "x_ServicePeriodStart": "charge.first",
}
_AZURE_TEXTS = {
    "x_AccountName": "$payer_name",
    "x_BillingAccountId": "$payer",
    "x_BillingAccountName": "$payer_name",
    "x_BillingProfileId": "$payer",
    "x_BillingProfileName": "$payer_name",
    "x_InvoiceSectionName": "charge.account_name",
    "x_PricingUnitDescription": "charge.unit",
    "x_PublisherCategory": "'Vendor'",
    "x_ResourceGroupName": "regexp_extract(resource, '/resourcegroups/([^/]+)/', 1)",
    "x_ResourceType": "resource_kind",
    "x_SkuDescription": "meter",
    "x_SkuIsCreditEligible": "'true'",
    "x_SkuMeterCategory": "charge.service",
    "x_SkuMeterId": "charge.sku",
    "x_SkuMeterName": "meter",
    "x_SkuOrderId": "promise.id",
    "x_SkuOrderName": "promise.name",
    "x_SkuRegion": "region",
    "x_SkuServiceFamily": "charge.service_category",
}
_AZURE_EMPTY = (
    "x_AccountId", "x_AccountOwnerId", "x_AmortizationClass", "x_BilledUnitPrice",
    "x_CostAllocationRuleName", "x_CostCenter", "x_CustomerId", "x_CustomerName",
    "x_InvoiceIssuerId", "x_InvoiceSectionId", "x_PartnerCreditApplied", "x_PartnerCreditRate",
    "x_PricingSubcategory", "x_PublisherId", "x_ResellerId", "x_ResellerName", "x_ServiceModel",
    "x_SkuDetails", "x_SkuMeterSubcategory", "x_SkuOfferId", "x_SkuPartNumber", "x_SkuPlanName",
    "x_SkuTerm", "x_SkuTier",
)  # fmt: skip
#: Columns of FOCUS 1.2 that Azure's 1.2-preview lacks.
_NOT_AZURE = {
    "PricingCurrencyContractedUnitPrice",
    "PricingCurrencyEffectiveCost",
    "PricingCurrencyListUnitPrice",
}
#: In this order no two rows of a bill are alike.
ORDER = (
    "charge.first, until, charge.account, charge.category, charge.code, charge.line, status, "
    "charge.description, billed, effective"
)
TABLES = """charge
    LEFT JOIN line ON line.id = charge.line
    LEFT JOIN promise ON promise.key = charge.commitment"""
_IN_DOLLARS = "(promise.unit = 'USD' OR status = 'Unused')"
_MEASURED = "(charge.category = 'Usage' AND class IS NULL AND status IS DISTINCT FROM 'Unused')"


def columns(source: str, form: Form) -> dict[str, str]:
    """The columns of a source's files in their order, each with its SQL.

    Args:
        source: of the sample organisation.
        form: how values are written.
    """
    amounts, moments, texts = dict(AMOUNTS), dict(MOMENTS), dict(_TEXT_COLUMNS)
    maps = {"Tags": "tags", "SkuPriceDetails": "details"}
    if source == "azure":
        amounts = {k: v for k, v in amounts.items() if k not in _NOT_AZURE} | _AZURE_MORE
        moments |= _AZURE_TIMES
        texts |= _AZURE_TEXTS | dict.fromkeys(_AZURE_EMPTY, "CAST(NULL AS VARCHAR)")
    elif source != "gcp":
        texts |= _AWS
        maps |= {"x_Discounts": "''"}
    found = texts
    found |= {name: _WRITTEN[form].format(value) for name, value in amounts.items()}
    found |= {name: _MOMENTS[form].format(value) for name, value in moments.items()}
    found |= {name: _MAPS[form].format(value) for name, value in maps.items()}
    if form is Form.NUMERIC:
        # Google keeps the details as text, and only the labels as key and value.
        found["SkuPriceDetails"] = "nullif(details, '')"
    return {
        # FOCUS's own columns first, each group by name.
        name: found[name].replace("measured", _MEASURED).replace("in_dollars", _IN_DOLLARS)
        for name in sorted(found, key=lambda name: (name.startswith("x_"), name))
    }


def exact(form: Form, cost: str) -> str:
    """A cost as the reader of the file gets it, as an exact decimal."""
    if form is Form.TEXT:
        return cost
    written = _WRITTEN[form].format(cost)
    # For a double, the shortest text that reads back as it.
    return f"CAST(CAST({written} AS VARCHAR) AS DECIMAL(36,18))"


def constants(payer: Payer, *, invoice: str | None) -> dict[str, str | None]:
    """What is the same in every row of a bill."""
    return {
        "payer": payer.id,
        "payer_name": payer.name,
        "payer_kind": payer.kind,
        "issuer": payer.issuer,
        "provider": payer.provider,
        "publisher": payer.publisher,
        "account_kind": payer.account_kind,
        "invoice": invoice,
    }
