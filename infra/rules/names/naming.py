"""Names: judged by the table in `name_rules`, made by the Cloud Adoption Framework's pattern.

A made name is type-workload-environment-location-instance. Where the region's full name makes it too long, the region's
short code stands in its place; what is too long even then is refused with a proposal, never cut: a cut name no longer
says what it names, and two cut names may be the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from infra.errors import MlWorkspaceError
from infra.rules.names.name_rules import NAME_RULES, NameRule, ResourceKind
from infra.rules.names.regions import REGIONS
from infra.rules.names.reserved_words import reserved_word
from infra.rules.violation import Violation, quote

__all__ = ["NAME_RULES", "NameNotMadeError", "NamingComponents", "ResourceKind", "check_name", "make_name", "rule_id"]


@dataclass(frozen=True, kw_only=True, slots=True)
class NamingComponents:
    """What a name is made of, apart from the abbreviation of its type."""

    workload: str
    environment: str
    location: str
    instance: str


class NameNotMadeError(MlWorkspaceError):
    """The naming components give no legal name.

    Attributes:
        kind: What the name is for.
        problems: What is wrong with the name.
        violation: The same as a violation, with a proposal that fits.
        proposal: A legal name near to the wanted one; empty where none was found.
        too_long: True if length is all that is wrong, so that a shorter workload helps.
    """

    def __init__(
        self, kind: ResourceKind, problems: list[str], violation: Violation, proposal: str, *, too_long: bool
    ) -> None:
        super().__init__(violation.message)
        self.kind = kind
        self.problems = problems
        self.violation = violation
        self.proposal = proposal
        self.too_long = too_long


def rule_id(kind: ResourceKind) -> str:
    """The id of the naming rule of ``kind``."""
    return f"naming-{kind.name.lower().replace('_', '-')}-require-legal-name"


def check_name(kind: ResourceKind, name: object, *, key: str = "name") -> list[Violation]:
    """The violation of ``kind``'s naming rule by ``name``, with everything that is wrong in one message."""
    found = _problems(NAME_RULES[kind], name) if isinstance(name, str) else ["it is not text"]
    if not found:
        return []
    proposal = _legal_form(kind, name) if isinstance(name, str) else ""
    fix = f"set '{key}' to e.g. '{proposal}'" if proposal else f"set '{key}' to a legal name"
    rule = NAME_RULES[kind]
    allowed = rule.allowed + (", no reserved word" if rule.public else "")
    return [
        Violation(
            rule=rule_id(kind),
            key=key,
            value=name,
            found=f"not a legal {kind} name: {', '.join(found)}",
            allowed=allowed,
            fix=fix,
        )
    ]


def make_name(kind: ResourceKind, naming: NamingComponents, *, key: str = "name") -> str:
    """The name of a resource of ``kind``, legal by its naming rule.

    Raises:
        NameNotMadeError: The naming components give no legal name; says why and proposes one.
    """
    name, shorter = join_name(kind, naming), join_name(kind, with_short_region(naming))
    if len(name) > NAME_RULES[kind].maximum >= len(shorter):
        name = shorter
    if _is_legal(kind, name):
        return name
    raise _not_made(kind, naming, name, key)


def _is_legal(kind: ResourceKind, name: str) -> bool:
    return not _problems(NAME_RULES[kind], name)


def _problems(rule: NameRule, name: str) -> list[str]:
    """Everything that is wrong with ``name``; empty exactly if the rule's pattern matches and no word is reserved."""
    reserved = reserved_word(name) if rule.public else ""
    if rule.pattern.fullmatch(name):
        return [reserved] if reserved else []
    problems = [_length_problem(rule, name), _alphabet_problem(rule, name), *_form_problems(rule, name), reserved]
    return [problem for problem in problems if problem] or ["it does not match the naming pattern"]


def _length_problem(rule: NameRule, name: str) -> str:
    if rule.minimum <= len(name) <= rule.maximum:
        return ""
    characters = "1 character" if len(name) == 1 else f"{len(name)} characters"
    return f"it has {characters}, {'fewer' if len(name) < rule.minimum else 'more'} than allowed"


def _alphabet_problem(rule: NameRule, name: str) -> str:
    foreign = dict.fromkeys(re.sub(f"[{rule.alphabet}]", "", name, flags=re.ASCII))
    words = [_character_words(ch) for ch in foreign if not (rule.lower and "A" <= ch <= "Z")]
    if rule.lower and any("A" <= ch <= "Z" for ch in foreign):
        words.append("upper case")
    return f"it contains {', '.join(words[:8])}" if words else ""


def _character_words(character: str) -> str:
    if character == " ":
        return "a space"
    return f"'{character}'" if character.isprintable() else f"the control character U+{ord(character):04X}"


def _form_problems(rule: NameRule, name: str) -> list[str]:
    problems = []
    if name and rule.first and not re.match(f"[{rule.first}]", name, re.ASCII):
        problems.append(f"it starts with {_character_words(name[0])}")
    if name and rule.last and not re.match(f"[{rule.last}]", name[-1], re.ASCII):
        problems.append(f"it ends with {_character_words(name[-1])}")
    if rule.single_hyphens and "--" in name:
        problems.append("it has two hyphens in a row")
    if rule.glued_instance and re.search(r"-[0-9]*\Z", name, re.ASCII):
        problems.append("nothing but digits follows its last hyphen")
    return problems


def join_name(kind: ResourceKind, naming: NamingComponents) -> str:
    """The components in the order and form of ``kind``, legal or not."""
    rule = NAME_RULES[kind]
    pieces = [rule.abbreviation, naming.workload, naming.environment, naming.location, naming.instance]
    if rule.separator != "-":
        pieces = [piece.replace("-", rule.separator) for piece in pieces]
    if rule.glued_instance:
        pieces[-2:] = ["".join(pieces[-2:])]
    name = rule.separator.join(piece for piece in pieces if piece)
    return name.lower() if rule.lower else name


def with_short_region(naming: NamingComponents) -> NamingComponents:
    """The components of the shorter form of a name."""
    return replace(naming, location=REGIONS.get(naming.location, naming.location))


def _not_made(kind: ResourceKind, naming: NamingComponents, name: str, key: str) -> NameNotMadeError:
    rule = NAME_RULES[kind]
    problems = _problems(rule, name)
    # Without the length, nothing is left of what is wrong.
    too_long = len(name) > rule.maximum and len(problems) == 1
    violation = check_name(kind, name, key=key)[0]
    proposal = _proposal(kind, naming)
    fix = f"set '{key}' to e.g. '{proposal}', or shorten 'ml-workspace:workload'" if proposal else violation.fix
    found = f"the name made of 'ml-workspace:workload' {quote(naming.workload)} is {violation.found}"
    shorter = with_short_region(naming)
    if too_long and shorter != naming:
        found += f" (and {len(join_name(kind, shorter))} with the region's short code '{shorter.location}')"
    return NameNotMadeError(kind, problems, replace(violation, found=found, fix=fix), proposal, too_long=too_long)


def _proposal(kind: ResourceKind, naming: NamingComponents) -> str:
    """A legal name with as much of the workload as fits; for the user to judge, never used by itself."""
    short = with_short_region(naming)
    workload = re.sub(r"[^a-z0-9]", "", naming.workload.lower(), flags=re.ASCII)
    for length in range(len(workload), 0, -1):
        candidate = join_name(kind, replace(short, workload=workload[:length]))
        if _is_legal(kind, candidate):
            return candidate
    return _legal_form(kind, join_name(kind, short))


def _legal_form(kind: ResourceKind, name: str) -> str:
    """``name`` without what its kind forbids, if that is legal; otherwise empty."""
    rule = NAME_RULES[kind]
    kept = re.sub(f"[^{rule.alphabet}]", "", name.lower() if rule.lower else name, flags=re.ASCII)
    if rule.single_hyphens:
        kept = re.sub("-+", "-", kept)
    prefix = rule.abbreviation or "x"
    for candidate in (kept, kept.strip("-_."), f"{prefix}{rule.separator}{kept.strip('-_.')}"):
        trimmed = candidate[: rule.maximum].strip("-_.")
        if trimmed and _is_legal(kind, trimmed):
            return trimmed
    return ""
