"""`mlw insights query`: SQL as it is, KQL translated."""

import io
import json
import sys

import pytest

from mlw.command import DONE, FAILED, REFUSED
from mlw.insights import kql
from mlw.main import main
from tests.unit.mlw.insights.fake_insights import FakeInsights

FAILING = "requests | where success == false | summarize count() by resultCode"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("select 1", True),
        ("  SELECT 1", True),
        ("-- slow requests\nwith x as (select 1) from x", True),
        ("/* two\nlines */ (select 1)", True),
        ("from requests", True),
        ("summarize requests", True),
        ("copy requests to '/tmp/x'", True),
        ("requests | take 3", False),
        ("let t = 3; requests | where duration > t", False),
        ("// selected\nrequests", False),
        ("selected_things | count", False),
        ("", False),
    ],
)
def test_language_is_what_the_query_begins_as(text: str, *, expected: bool) -> None:
    assert kql.is_sql(text) is expected


def test_sql_is_sent_as_it_is(insights: FakeInsights, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["insights", "query", "dev", "select 'a;b' as x", "--offset", "2h", "--limit", "3"]) == DONE

    [(sql, asked, limit)] = insights.asked
    assert (sql, asked.seconds, limit) == ("select 'a;b' as x", 7200, 3)
    assert "(2 h)\n\nNo rows in this range.\n" in capsys.readouterr().out


def test_kql_is_translated_with_the_columns_of_its_tables(insights: FakeInsights) -> None:
    assert main(["insights", "query", "dev", FAILING]) == DONE

    assert insights.asked[0][0] == "select * from requests limit 0"
    sql = insights.asked[1][0]
    assert kql.is_sql(sql)
    assert 'GROUP BY "resultCode"' in sql
    assert len({asked for _, asked, _ in insights.asked}) == 1


def test_query_comes_from_standard_input(insights: FakeInsights, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("select 1\n"))

    assert main(["insights", "query", "dev", "-"]) == DONE

    assert insights.asked[0][0] == "select 1\n"


def test_language_can_be_chosen(insights: FakeInsights) -> None:
    assert main(["insights", "query", "dev", "requests", "--language", "sql"]) == DONE

    assert insights.asked[0][0] == "requests"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("requests | wherex", "from KQL: could not parse KQL at 1:9"),
        ("requests | make-series n=count() on timestamp step 5m", "from KQL: unsupported KQL construct"),
        (".drop table requests", "from KQL: unsupported KQL construct"),
        (".set requests <| exceptions", "from KQL: "),
        ("externaldata(x:string)['/etc/passwd']", "from KQL: unsupported KQL construct"),
    ],
    ids=["syntax", "operator", "control command", "ingestion", "file"],
)
def test_kql_that_cannot_be_translated_is_not_sent(
    text: str, message: str, insights: FakeInsights, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["insights", "query", "dev", text]) == FAILED

    assert message in capsys.readouterr().err
    assert [sql for sql, _, _ in insights.asked if not sql.endswith("limit 0")] == []


def test_without_the_extra_the_message_says_how_to_install_it(
    insights: FakeInsights, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "duckdb_kql", None)

    assert main(["insights", "query", "dev", FAILING]) == FAILED

    message = capsys.readouterr().err
    assert "does not begin as SQL does (SELECT, WITH, FROM)" in message
    assert "pip install 'ml-workspace[kql]'" in message
    assert insights.asked == []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["requests | where timestamp > ago(7d) | count"], True),
        (["select 1 from requests\nwhere name = 'a' and timestamp > '2026-11-01'"], True),
        (["requests | where timestamp > ago(7d) | count", "--offset", "7d"], False),
        (["requests | where success | project timestamp"], False),
    ],
    ids=["KQL", "SQL", "chosen range", "no condition"],
)
def test_a_condition_on_time_does_not_narrow_silently(
    words: list[str], insights: FakeInsights, capsys: pytest.CaptureFixture[str], *, expected: bool
) -> None:
    main(["insights", "query", "dev", *words])

    assert ("Conditions on timestamp do not look beyond" in capsys.readouterr().err) is expected


def test_rows_of_any_query_are_a_table(insights: FakeInsights, capsys: pytest.CaptureFixture[str]) -> None:
    insights.rows[""] = [{"name": "GET /", "n": 1200, "value": None}, {"name": ["a"], "n": 3, "value": 2.5}]

    main(["insights", "query", "dev", "select 1"])
    text = capsys.readouterr().out
    main(["insights", "query", "dev", "select 1", "--query", "[0]", "-o", "json"])

    assert text.splitlines()[2:] == ["name      n  value", "GET /  1200      -", '["a"]     3    2.5']
    assert json.loads(capsys.readouterr().out) == {"name": "GET /", "n": 1200, "value": None}


def test_an_empty_query_is_refused(insights: FakeInsights, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["insights", "query", "dev", " "]) == REFUSED

    assert "the query is empty" in capsys.readouterr().err
