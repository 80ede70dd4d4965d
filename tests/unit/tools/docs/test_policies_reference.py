from tools.docs.policies_reference import FILE, render


def test_document_of_policies_is_what_the_rules_say() -> None:
    assert FILE.read_text(encoding="utf-8") == render(), "run: python -m tools.docs.policies_reference"
