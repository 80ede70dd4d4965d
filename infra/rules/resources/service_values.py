"""Key vault, container registry, application insights and workspace: the values that Azure accepts.

Sources: T5 (key vault SKUs, retention 7-90), T7 and M3 (registry SKUs; the workspace needs the admin account), T8
(retention steps of application insights), T2 (the service accepts only the workspace SKU Basic).
"""

from __future__ import annotations

from collections.abc import Mapping

from infra.rules.violation import Violation, one_of

Props = Mapping[str, object]

KEY_VAULT_SKUS = ("standard", "premium")
REGISTRY_SKUS = ("Basic", "Standard", "Premium")
WORKSPACE_SKUS = ("Basic",)
INSIGHTS_RETENTION_DAYS = (30, 60, 90, 120, 180, 270, 365, 550, 730)
MIN_VAULT_RETENTION, MAX_VAULT_RETENTION = 7, 90

KEY_VAULT_SKU = "key-vault-limit-sku"
KEY_VAULT_RETENTION = "key-vault-limit-retention"
REGISTRY_SKU = "container-registry-limit-sku"
REGISTRY_ADMIN = "container-registry-require-admin-user"
INSIGHTS_RETENTION = "application-insights-limit-retention"
WORKSPACE_SKU = "workspace-limit-sku"


def check_key_vault_sku(props: Props) -> list[Violation]:
    """The key vault's SKU exists."""
    return _choice(KEY_VAULT_SKU, props, "sku", KEY_VAULT_SKUS, "no such SKU of a key vault")


def check_registry_sku(props: Props) -> list[Violation]:
    """The container registry's SKU exists."""
    return _choice(REGISTRY_SKU, props, "sku", REGISTRY_SKUS, "no such SKU of a container registry")


def check_workspace_sku(props: Props) -> list[Violation]:
    """The workspace's SKU is the one that the service accepts."""
    return _choice(WORKSPACE_SKU, props, "sku", WORKSPACE_SKUS, "the service accepts no such SKU of a workspace")


def check_insights_retention(props: Props) -> list[Violation]:
    """Telemetry is kept for one of the periods that application insights has."""
    found = "application insights has no such retention period"
    return _choice(INSIGHTS_RETENTION, props, "retentionInDays", INSIGHTS_RETENTION_DAYS, found)


def check_key_vault_retention(props: Props) -> list[Violation]:
    """Deleted secrets stay recoverable for 7 to 90 days."""
    days = props.get("softDeleteRetentionInDays")
    if days is None or (isinstance(days, int | float) and MIN_VAULT_RETENTION <= days <= MAX_VAULT_RETENTION):
        return []
    return [
        Violation(
            rule=KEY_VAULT_RETENTION,
            key="softDeleteRetentionInDays",
            value=days,
            found="outside of what a key vault's soft delete allows",
            allowed=f"{MIN_VAULT_RETENTION}-{MAX_VAULT_RETENTION} days",
            fix="set 'softDeleteRetentionInDays' to e.g. 90; it can't be changed later",
        )
    ]


def check_registry_admin(props: Props) -> list[Violation]:
    """The registry's admin account is on: the workspace pulls and pushes images with it."""
    if props.get("adminUserEnabled") is not False:
        return []
    return [
        Violation(
            rule=REGISTRY_ADMIN,
            key="adminUserEnabled",
            value=False,
            found="the workspace can't use a registry whose admin account is off",
            allowed="true",
            fix="set 'adminUserEnabled' to true",
        )
    ]


def _choice(rule: str, props: Props, key: str, allowed: tuple[object, ...], found: str) -> list[Violation]:
    value = props.get(key)
    if value is None or value in allowed:
        return []
    near = next((name for name in allowed if str(name).lower() == str(value).lower()), allowed[0])
    if isinstance(value, int | float) and not isinstance(value, bool):
        near = min(allowed, key=lambda days: abs(float(str(days)) - value) if isinstance(days, int) else 0.0)
    shown = f"'{near}'" if isinstance(near, str) else str(near)
    return [
        Violation(rule=rule, key=key, value=value, found=found, allowed=one_of(allowed), fix=f"set '{key}' to {shown}")
    ]
