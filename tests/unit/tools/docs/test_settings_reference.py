from infra.settings.stack_input import StackInput
from tools.docs.settings_reference import FILE, render


def test_document_of_settings_is_what_the_properties_say() -> None:
    assert FILE.read_text(encoding="utf-8") == render(), "run: python -m tools.docs.settings_reference"


def test_every_key_at_the_top_of_a_stack_file_is_described() -> None:
    document = render()

    assert [field.alias for field in StackInput.model_fields.values() if f"`{field.alias}" not in document] == []
