from mlw.diagnosis.findings import Finding, Group, Level, by_group


def test_nothing_found_is_an_empty_document() -> None:
    assert by_group([]) == {}


def test_findings_are_sorted_into_groups_and_groups_without_any_are_left_out() -> None:
    found = [
        Finding(group=Group.OTHER, code="RecordMissing", message="c"),
        Finding(group=Group.KEY_VAULT, code="Sealed", message="b"),
        Finding(group=Group.KEY_VAULT, code="ContainerLeftBehind", message="a", level=Level.WARNING),
    ]

    assert by_group(found) == {
        "key_vault": [
            {"code": "ContainerLeftBehind", "level": "warning", "message": "a"},
            {"code": "Sealed", "level": "error", "message": "b"},
        ],
        "other": [{"code": "RecordMissing", "level": "error", "message": "c"}],
    }
