"""naming-application-insights-require-legal-name: Names of application insights are legal in Azure."""

from policies.rule import Rule, Severity

RULE = Rule(
    id="naming-application-insights-require-legal-name",
    summary="Names of application insights are legal in Azure.",
    why="A name can never be changed, and Azure refuses an illegal one only when the resource is created.",
    severity=Severity.HIGH,
    source="PS",
    fix="Set the resource's 'name' to a legal one, or leave it out to have it made.",
)
