"""location-resource-limit-allowed: Every resource lies where the company allows it."""

from policies.rule import Rule, Severity

RULE = Rule(
    id="location-resource-limit-allowed",
    summary="Every resource lies where the company allows it.",
    why="Data may have to stay in a country.",
    severity=Severity.HIGH,
    source="built-in e56962a6, e765b5de",
    fix="Set 'location' to an allowed one.",
)
