"""Charges as FOCUS 1.3 (FinOps Open Cost and Usage Specification), dataset Cost and Usage, as CSV.

All columns of version 1.3, in alphabetical order; columns that do not apply to machines of one's own are empty. Own
columns begin with `x_`. One row for each resource, container or volume, meter and day.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TextIO

from mlw.cost.charges import UNITS, Charge, Meter
from mlw.cost.cost_report import group_of
from mlw.cost.rate_card import RateCard

VERSION = "1.3"

PROVIDER = "ml-workspace"
"""Name of who provides the services, in three columns."""

COLUMNS = (
    "AllocatedMethodDetails",
    "AllocatedMethodId",
    "AllocatedResourceId",
    "AllocatedResourceName",
    "AllocatedTags",
    "AvailabilityZone",
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingAccountType",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "CapacityReservationId",
    "CapacityReservationStatus",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "CommitmentDiscountCategory",
    "CommitmentDiscountId",
    "CommitmentDiscountName",
    "CommitmentDiscountQuantity",
    "CommitmentDiscountStatus",
    "CommitmentDiscountType",
    "CommitmentDiscountUnit",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractApplied",
    "ContractedCost",
    "ContractedUnitPrice",
    "EffectiveCost",
    "HostProviderName",
    "InvoiceId",
    "InvoiceIssuerName",
    "ListCost",
    "ListUnitPrice",
    "PricingCategory",
    "PricingCurrency",
    "PricingCurrencyContractedUnitPrice",
    "PricingCurrencyEffectiveCost",
    "PricingCurrencyListUnitPrice",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "RegionId",
    "RegionName",
    "ResourceId",
    "ResourceName",
    "ResourceType",
    "ServiceCategory",
    "ServiceName",
    "ServiceProviderName",
    "ServiceSubcategory",
    "SkuId",
    "SkuMeter",
    "SkuPriceDetails",
    "SkuPriceId",
    "SubAccountId",
    "SubAccountName",
    "SubAccountType",
    "Tags",
)
"""As published."""

OWN_COLUMNS = ("x_AssumedQuantity", "x_Part", "x_RateCardDate", "x_RateCardSource", "x_ResourceGroupName", "x_Stack")

_DECIMALS = Decimal("0.0000000001")

_SERVICES: Mapping[str, tuple[str, str]] = {
    "Microsoft.Storage/storageAccounts": ("Storage", "Storage account"),
    "Microsoft.ContainerRegistry/registries": ("Developer Tools", "Container registry"),
    "Microsoft.KeyVault/vaults": ("Security", "Key vault"),
    "Microsoft.Insights/components": ("Management and Governance", "Application insights"),
    "Microsoft.MachineLearningServices/workspaces": ("AI and Machine Learning", "Machine learning workspace"),
    "Microsoft.MachineLearningServices/workspaces/computes": ("AI and Machine Learning", "Compute"),
    "Microsoft.MachineLearningServices/workspaces/onlineEndpoints": ("AI and Machine Learning", "Online endpoint"),
}
"""Type of a resource to FOCUS's category, and the name of the service."""


def write(found: Iterable[Charge], rates: RateCard, file: TextIO) -> int:
    """Write charges as CSV.

    Returns:
        The number of rows.
    """
    writer = csv.DictWriter(file, [*COLUMNS, *OWN_COLUMNS], restval="", lineterminator="\n")
    writer.writeheader()
    count = 0
    for count, charge in enumerate(found, 1):  # noqa: B007 - the last number
        writer.writerow(row(charge, rates))
    return count


def row(charge: Charge, rates: RateCard) -> dict[str, str]:
    """One charge; columns that are left out are empty."""
    category, service = _SERVICES.get(charge.resource_type, ("Other", charge.resource_type or "Other"))
    cost, price, quantity = _decimal(charge.cost), _decimal(charge.unit_price), _decimal(charge.quantity)
    subscription = charge.resource_id.removeprefix("/subscriptions/").partition("/")[0]
    month = charge.day.replace(day=1)
    following = (month + timedelta(days=31)).replace(day=1)
    sku = f"{charge.meter}-{rates.date.isoformat()}"
    return {
        "BilledCost": cost,
        "BillingAccountId": PROVIDER,
        "BillingAccountName": PROVIDER,
        "BillingAccountType": "Showback",
        "BillingCurrency": rates.currency,
        "BillingPeriodStart": _midnight(month),
        "BillingPeriodEnd": _midnight(following),
        "ChargeCategory": "Usage",
        "ChargeDescription": f"{charge.meter} of {charge.part}",
        "ChargeFrequency": "Usage-Based",
        "ChargePeriodStart": _midnight(charge.day),
        "ChargePeriodEnd": _midnight(charge.day + timedelta(days=1)),
        "ConsumedQuantity": quantity,
        "ConsumedUnit": UNITS[charge.meter],
        "ContractedCost": cost,
        "ContractedUnitPrice": price,
        "EffectiveCost": cost,
        "HostProviderName": PROVIDER,
        "InvoiceIssuerName": PROVIDER,
        "ListCost": cost,
        "ListUnitPrice": price,
        "PricingCategory": "Standard",
        "PricingCurrency": rates.currency,
        "PricingCurrencyContractedUnitPrice": price,
        "PricingCurrencyEffectiveCost": cost,
        "PricingCurrencyListUnitPrice": price,
        "PricingQuantity": quantity,
        "PricingUnit": UNITS[charge.meter],
        "ProviderName": PROVIDER,
        "PublisherName": PROVIDER,
        "ResourceId": charge.resource_id,
        "ResourceName": charge.resource_id.rpartition("/")[2],
        "ResourceType": charge.resource_type,
        "ServiceCategory": category,
        "ServiceName": service,
        "ServiceProviderName": PROVIDER,
        "ServiceSubcategory": "Object Storage" if category == "Storage" else f"Other ({category})",
        "SkuId": str(charge.meter),
        "SkuMeter": _METERS[charge.meter],
        "SkuPriceId": sku,
        "SubAccountId": subscription,
        "SubAccountName": subscription,
        "SubAccountType": "Subscription",
        "Tags": json.dumps(dict(charge.tags), sort_keys=True),
        "x_AssumedQuantity": _decimal(charge.assumed),
        "x_Part": charge.part,
        "x_RateCardDate": rates.date.isoformat(),
        "x_RateCardSource": rates.source,
        "x_ResourceGroupName": group_of(charge),
        "x_Stack": charge.stack,
    }


_METERS: Mapping[Meter, str] = {
    Meter.CPU: "Provisioned CPU",
    Meter.MEMORY: "Provisioned memory",
    Meter.VOLUME: "Data stored",
    Meter.REQUESTS: "Requests",
}


def _midnight(day: date) -> str:
    return f"{datetime.combine(day, time(), UTC):%Y-%m-%dT%H:%M:%SZ}"


def _decimal(value: Decimal) -> str:
    """A number without an exponent and without trailing zeros."""
    text = f"{value.quantize(_DECIMALS):f}"
    return text.rstrip("0").rstrip(".") or "0"
