"""tags-resource-inherit-tags: Resources inherit tags of their resource group or subscription."""

from policies.rule import Rule, Severity

RULE = Rule(
    id="tags-resource-inherit-tags",
    summary="Resources inherit tags of their resource group or subscription.",
    why="Azure inherits none by itself; done by the settings before required tags are checked.",
    severity=Severity.LOW,
    source="built-in cd3aa116, ea3f2387, b27a0cbd, 40df99da",
    fix="Nothing to do.",
)
