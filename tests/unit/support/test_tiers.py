from pathlib import Path

import pytest

from tests.support.tiers import LAST_FILE, TESTS_ROOT, TIERS, empty_tiers, is_left_out, position_of, tier_of


def test_tier_is_the_first_folder() -> None:
    assert tier_of(TESTS_ROOT / "unit" / "support" / "test_tiers.py") == "unit"


def test_file_outside_the_tiers_is_refused() -> None:
    with pytest.raises(ValueError, match="belongs to no tier"):
        tier_of(TESTS_ROOT / "misc" / "test_x.py")


def test_tiers_run_from_cheap_to_dear_and_the_last_file_after_all() -> None:
    paths = [LAST_FILE, *(TESTS_ROOT / tier / "test_x.py" for tier in reversed(TIERS))]

    ordered = sorted(paths, key=position_of)

    assert [tier_of(path) for path in ordered] == [*TIERS, "e2e"]
    assert ordered[-1] == LAST_FILE


def test_files_of_one_folder_run_one_after_the_other_since_they_share_a_workspace() -> None:
    shared = [TESTS_ROOT / "e2e" / "roles" / name for name in ("test_a.py", "test_b.py")]

    ordered = sorted([shared[0], TESTS_ROOT / "e2e" / "test_x.py", shared[1]], key=position_of)

    assert ordered[-2:] == shared


def test_last_file_exists() -> None:
    assert LAST_FILE.is_file()


def test_requested_tier_without_tests_is_named() -> None:
    collected = [TESTS_ROOT / tier / "test_x.py" for tier in TIERS if tier != "fault"]

    assert empty_tiers([TESTS_ROOT], collected) == ["fault"]


def test_tiers_that_were_not_requested_may_be_empty() -> None:
    assert empty_tiers([TESTS_ROOT / "unit"], [TESTS_ROOT / "unit" / "test_x.py"]) == []


def test_single_file_requests_no_whole_tier() -> None:
    assert empty_tiers([Path(__file__)], [Path(__file__)]) == []


SOAK = TESTS_ROOT / "soak"


@pytest.mark.parametrize("asked", [[TESTS_ROOT], [TESTS_ROOT / "fault"], [TESTS_ROOT, TESTS_ROOT / "unit"]])
def test_soak_is_skipped_unless_its_folder_is_named(asked: list[Path]) -> None:
    assert is_left_out(SOAK / "test_x.py", asked)
    assert "soak" not in empty_tiers(asked, [])


@pytest.mark.parametrize("asked", [[SOAK], [SOAK / "test_x.py"], [TESTS_ROOT, SOAK]], ids=["tier", "file", "both"])
def test_soak_that_is_named_is_collected(asked: list[Path]) -> None:
    assert not is_left_out(SOAK / "test_x.py", asked)


def test_named_soak_tier_without_tests_is_empty() -> None:
    assert empty_tiers([SOAK], []) == ["soak"]


def test_other_tiers_are_never_skipped() -> None:
    assert not [tier for tier in TIERS if tier != "soak" and is_left_out(TESTS_ROOT / tier / "test_x.py", [SOAK])]
