"""`--output` and `--query`, on a command whose data the test knows."""

import json

import pytest
import yaml

from infra.rules.policy.catalogue import RULES
from mlw.command import DONE, FAILED, REFUSED
from mlw.data_output import Format, Output
from mlw.main import main
from tests.unit.states import Place

DATA = [{"name": "dev", "tags": {"owner": "é"}, "running": 4, "left": None}, {"name": "a\tb", "extra": True}]


def printed(data: object, output: Output, capsys: pytest.CaptureFixture[str]) -> str:
    output.print(data, lambda: "the text for people")
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("[].name", "dev\na\\tb\n"),
        ("[0].running", "4\n"),
        ("[0].tags.owner", "é\n"),
        ("[0].tags", "é\n"),
        ("[].[name, running]", "dev\t4\na\\tb\t\n"),
        ("[].{n: name, t: tags}", 'dev\t{"owner": "é"}\na\\tb\t\n'),
        ("nothing", ""),
        ("[?name=='x']", "\n"),
    ],
)
def test_tsv_has_a_line_for_each_entry(query: str, expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(DATA, Output(format=Format.TSV, query=query), capsys) == expected


def test_tsv_without_a_query_has_every_key_of_every_entry(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(DATA, Output(format=Format.TSV), capsys)

    assert text == 'dev\t{"owner": "é"}\t4\t\t\na\\tb\t\t\t\ttrue\n'


def test_a_single_value_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed("one\ntwo\t", Output(format=Format.TSV), capsys) == "one\ntwo\t\n"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("[].{name: name, on: running}", ["NAME  ON", "dev   4", "a\\tb"]),
        ("[].[name, running]", ["COLUMN 1  COLUMN 2", "dev       4", "a\\tb"]),
        ("[].name", ["VALUE", "dev", "a\\tb"]),
        ("[0]", ["KEY         VALUE", "name        dev", "tags.owner  é", "running     4", "left"]),
        ("[0].name", ["dev"]),
    ],
)
def test_a_query_is_laid_out_as_a_table(query: str, expected: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(DATA, Output(format=Format.TABLE, query=query), capsys).splitlines() == expected


def test_a_table_without_a_query_is_the_text_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(DATA, Output(format=Format.TABLE), capsys) == "the text for people\n"


@pytest.mark.parametrize("data", [DATA, {"a": []}, [], {}, "text", None, 1.5], ids=str)
def test_json_and_yaml_hold_the_same_data(data: object, capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(printed(data, Output(format=Format.JSON), capsys)) == data
    assert yaml.safe_load(printed(data, Output(format=Format.YAML), capsys)) == data


def test_a_query_selects_from_what_a_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "list", "--query", "[?severity=='low'].id", "-o", "tsv"]) == DONE

    assert capsys.readouterr().out.split() == [rule.id for rule in RULES.values() if str(rule.severity) == "low"]


@pytest.mark.parametrize(
    "words",
    ["show dev", "policy check dev", "policy effective dev", "policy explain tags-resource-require-tags", "policy list",
     "roles list dev", "roles list"],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("chosen", Format, ids=str)
def test_a_command_prints_every_format(
    words: str, chosen: Format, place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.configure("dev")
    place.deploy("dev")

    assert main([*words.split(), "-o", chosen.value]) in {DONE, FAILED}

    text = capsys.readouterr().out
    assert text.strip()
    if chosen is Format.JSON:
        json.loads(text)
    if chosen is Format.YAML:
        yaml.safe_load(text)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("[", "invalid value for '--query': Invalid jmespath expression: Incomplete expression"),
        ("nosuch(@)", "invalid value for '--query': Unknown function: nosuch()"),
        ("length(`1`)", "invalid value for '--query': In function length(), invalid type"),
    ],
)
def test_a_wrong_query_is_one_message(query: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "list", "--query", query]) == REFUSED

    error = capsys.readouterr().err
    assert error.startswith(f"mlw: running 'mlw policy list': {message}")
    assert error.count("\n") == 1


def test_a_wrong_query_is_found_before_the_command_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "nosuch", "--query", "["]) == REFUSED

    assert "nosuch" not in capsys.readouterr().err
