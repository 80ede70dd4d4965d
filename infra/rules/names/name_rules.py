"""The naming rule of everything that has a name: one row per kind.

The only place for lengths, patterns, scopes and abbreviations; the generator, the validator, policies and docs read it.
Where sources disagree, the strictest rule that Microsoft documents applies (`azure-rules`, section 1). The codes in
`source` are those of that document: N1 resource-name-rules, N2 container registry, N4 reserved words, N5 containers
REST page, R1-R3 ARM patterns, Q1 machine learning quotas, PS PSRule for Azure, C2 CAF abbreviations.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class ResourceKind(StrEnum):
    """What a name is for; messages use the value. Not a Pulumi type token."""

    RESOURCE_GROUP = "resource group"
    STORAGE_ACCOUNT = "storage account"
    BLOB_CONTAINER = "blob container"
    FILE_SHARE = "file share"
    CONTAINER_REGISTRY = "container registry"
    KEY_VAULT = "key vault"
    SECRET = "key vault secret"  # noqa: S105 - the kind's name, no secret
    APPLICATION_INSIGHTS = "application insights"
    LOG_WORKSPACE = "log analytics workspace"
    WORKSPACE = "machine learning workspace"
    COMPUTE_INSTANCE = "compute instance"
    COMPUTE_CLUSTER = "compute cluster"
    ENDPOINT = "endpoint"
    DEPLOYMENT = "deployment"
    DATASTORE = "datastore"
    ASSET = "model, data or environment"


class Scope(StrEnum):
    """Where a name must be unique. Not the scope of a policy."""

    GLOBAL = "global"
    SUBSCRIPTION = "subscription"
    REGION = "region"
    RESOURCE_GROUP = "resource group"
    STORAGE_ACCOUNT = "storage account"
    VAULT = "key vault"
    WORKSPACE = "workspace"
    ENDPOINT = "endpoint"


@dataclass(frozen=True, kw_only=True, slots=True)
class NameRule:
    """The naming rule of one kind.

    Attributes:
        abbreviation: The Cloud Adoption Framework's; empty if it lists none.
        alphabet: Allowed characters, as the inside of a character class; ``words`` describes them in messages.
        first: Allowed first characters, ``last`` the last ones, as character classes; empty allows the whole alphabet.
        separator: Separates the components of a generated name.
        glued_instance: The instance follows the previous component without a separator.
        public: The name is part of a public address, so reserved words are rejected.
    """

    abbreviation: str
    minimum: int
    maximum: int
    pattern: re.Pattern[str]
    alphabet: str
    words: str
    first: str = ""
    first_words: str = ""
    last: str = ""
    last_words: str = ""
    single_hyphens: bool = False
    separator: str = "-"
    glued_instance: bool = False
    lower: bool = False
    case_sensitive: bool = False
    public: bool = False
    scope: Scope
    source: str

    @property
    def allowed(self) -> str:
        """The rule in one phrase."""
        phrases = [f"{self.minimum}-{self.maximum} characters of {self.words}"]
        if self.first_words:
            phrases.append(f"starting with {self.first_words}")
        if self.last_words:
            phrases.append(f"ending with {self.last_words}")
        if self.single_hyphens:
            phrases.append("no two hyphens in a row")
        return ", ".join(phrases)


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.ASCII)


_LETTERS_DIGITS = "a letter or digit"
_HYPHENATED = "letters, digits and hyphens"
_CONTAINER = {
    "minimum": 3,
    "maximum": 63,
    "pattern": _pattern(r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]"),
    "alphabet": "a-z0-9-",
    "words": "a-z, 0-9 and hyphens",
    "first": "a-z0-9",
    "first_words": _LETTERS_DIGITS,
    "last": "a-z0-9",
    "last_words": _LETTERS_DIGITS,
    "single_hyphens": True,
    "lower": True,
    "scope": Scope.STORAGE_ACCOUNT,
    "source": "N1, N5",
}
_ENDPOINT = {
    "abbreviation": "",
    "minimum": 3,
    "maximum": 32,
    "pattern": _pattern(r"(?!.*--)[a-zA-Z][a-zA-Z0-9-]{1,30}[a-zA-Z0-9]"),
    "alphabet": "a-zA-Z0-9-",
    "words": _HYPHENATED,
    "first": "a-zA-Z",
    "first_words": "a letter",
    "last": "a-zA-Z0-9",
    "last_words": _LETTERS_DIGITS,
    "single_hyphens": True,
    "source": "Q1",
}

# fmt: off
NAME_RULES: dict[ResourceKind, NameRule] = {
    ResourceKind.RESOURCE_GROUP: NameRule(
        abbreviation="rg", minimum=1, maximum=90, pattern=_pattern(r"[A-Za-z0-9_.()-]{0,89}[A-Za-z0-9_()-]"),
        alphabet="A-Za-z0-9_.()-", words="letters, digits and _ - . ( )", last="A-Za-z0-9_()-",
        last_words="anything but a full stop", scope=Scope.SUBSCRIPTION, source="N1, M1 (ASCII only)",
    ),
    ResourceKind.STORAGE_ACCOUNT: NameRule(
        abbreviation="st", minimum=3, maximum=24, pattern=_pattern(r"[a-z0-9]{3,24}"), alphabet="a-z0-9",
        words="a-z and 0-9", separator="", lower=True, public=True, scope=Scope.GLOBAL, source="N1, N4",
    ),
    ResourceKind.BLOB_CONTAINER: NameRule(abbreviation="", **_CONTAINER),  # type: ignore[arg-type]
    ResourceKind.FILE_SHARE: NameRule(abbreviation="share", **_CONTAINER),  # type: ignore[arg-type]
    ResourceKind.CONTAINER_REGISTRY: NameRule(
        abbreviation="cr", minimum=5, maximum=50, pattern=_pattern(r"[a-zA-Z0-9]{5,50}"), alphabet="a-zA-Z0-9",
        words="letters and digits", separator="", lower=True, public=True, scope=Scope.GLOBAL, source="N2, N4",
    ),
    ResourceKind.KEY_VAULT: NameRule(
        abbreviation="kv", minimum=3, maximum=24,
        pattern=_pattern(r"(?!.*--)[a-zA-Z][a-zA-Z0-9-]{1,22}[a-zA-Z0-9]"), alphabet="a-zA-Z0-9-", words=_HYPHENATED,
        first="a-zA-Z", first_words="a letter", last="a-zA-Z0-9", last_words=_LETTERS_DIGITS, single_hyphens=True,
        public=True, scope=Scope.GLOBAL, source="N1, N4",
    ),
    ResourceKind.SECRET: NameRule(
        abbreviation="", minimum=1, maximum=127, pattern=_pattern(r"[a-zA-Z0-9-]{1,127}"), alphabet="a-zA-Z0-9-",
        words=_HYPHENATED, scope=Scope.VAULT, source="N1",
    ),
    ResourceKind.APPLICATION_INSIGHTS: NameRule(
        abbreviation="appi", minimum=1, maximum=255, pattern=_pattern(r"[a-zA-Z0-9._()-]{0,254}[a-zA-Z0-9_()-]"),
        alphabet="a-zA-Z0-9._()-", words="letters, digits and . _ - ( )", last="a-zA-Z0-9_()-",
        last_words="anything but a full stop", scope=Scope.RESOURCE_GROUP, source="PS",
    ),
    ResourceKind.LOG_WORKSPACE: NameRule(
        abbreviation="log", minimum=4, maximum=63, pattern=_pattern(r"[a-zA-Z0-9][a-zA-Z0-9-]{2,61}[a-zA-Z0-9]"),
        alphabet="a-zA-Z0-9-", words=_HYPHENATED, first="a-zA-Z0-9", first_words=_LETTERS_DIGITS, last="a-zA-Z0-9",
        last_words=_LETTERS_DIGITS, scope=Scope.RESOURCE_GROUP, source="N1",
    ),
    ResourceKind.WORKSPACE: NameRule(
        abbreviation="mlw", minimum=3, maximum=33, pattern=_pattern(r"[a-zA-Z0-9][a-zA-Z0-9_-]{2,32}"),
        alphabet="a-zA-Z0-9_-", words="letters, digits, hyphens and underscores", first="a-zA-Z0-9",
        first_words=_LETTERS_DIGITS, public=True, scope=Scope.RESOURCE_GROUP, source="R1, R2, N4",
    ),
    ResourceKind.COMPUTE_INSTANCE: NameRule(
        abbreviation="", minimum=3, maximum=24, pattern=_pattern(r"(?!.*-[0-9]*$)[a-zA-Z][a-zA-Z0-9-]{2,23}"),
        alphabet="a-zA-Z0-9-", words=_HYPHENATED + " (no number alone after the last hyphen)", first="a-zA-Z",
        first_words="a letter", glued_instance=True, scope=Scope.WORKSPACE,
        source="N1, microsoftdocs/pipelines-azureml#19",
    ),
    ResourceKind.COMPUTE_CLUSTER: NameRule(
        abbreviation="", minimum=3, maximum=32, pattern=_pattern(r"[a-zA-Z][a-zA-Z0-9-]{1,30}[a-zA-Z0-9]"),
        alphabet="a-zA-Z0-9-", words=_HYPHENATED, first="a-zA-Z", first_words="a letter", last="a-zA-Z0-9",
        last_words=_LETTERS_DIGITS, scope=Scope.WORKSPACE, source="N1, T1",
    ),
    ResourceKind.ENDPOINT: NameRule(public=True, scope=Scope.REGION, **_ENDPOINT),  # type: ignore[arg-type]
    ResourceKind.DEPLOYMENT: NameRule(scope=Scope.ENDPOINT, **_ENDPOINT),  # type: ignore[arg-type]
    ResourceKind.DATASTORE: NameRule(
        abbreviation="", minimum=1, maximum=255, pattern=_pattern(r"[a-z0-9_]{1,255}"), alphabet="a-z0-9_",
        words="a-z, 0-9 and underscores", separator="_", lower=True, scope=Scope.WORKSPACE, source="N1",
    ),
    ResourceKind.ASSET: NameRule(
        abbreviation="", minimum=1, maximum=255, pattern=_pattern(r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,254}"),
        alphabet="a-zA-Z0-9_-", words="letters, digits, hyphens and underscores", first="a-zA-Z0-9",
        first_words=_LETTERS_DIGITS, case_sensitive=True, scope=Scope.WORKSPACE, source="R3",
    ),
}
# fmt: on
