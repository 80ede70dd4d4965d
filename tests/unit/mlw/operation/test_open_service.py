"""`mlw open`: addresses, and a browser only where one with windows can start."""

import webbrowser

import pytest

from mlw.main import main
from mlw.operation.open_service import DISPLAYS
from tests.unit.states import Place


@pytest.fixture(autouse=True)
def shown(place: Place, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Addresses that the browser was started with."""
    for name in DISPLAYS:
        monkeypatch.delenv(name, raising=False)
    addresses: list[str] = []

    def record(url: str) -> bool:
        addresses.append(url)
        return True

    monkeypatch.setattr(webbrowser, "open", record)
    place.deploy("dev")
    return addresses


def test_without_a_display_the_address_is_only_printed(shown: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["open", "dev", "registry"]) == 0

    assert (capsys.readouterr().out, shown) == ("http://127.0.0.1:20002/v2/_catalog\n", [])


@pytest.mark.parametrize(
    ("service", "url"),
    [("storageAccount", "http://127.0.0.1:20001/"), ("keyvault", "http://127.0.0.1:20003/v1/sys/health")],
)
def test_with_a_display_the_browser_is_started(
    service: str, url: str, shown: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DISPLAY", ":0")

    assert main(["open", "dev", service]) == 0

    assert (capsys.readouterr().out, shown) == (f"{url}\n", [url])


def test_print_starts_no_browser(shown: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")

    assert main(["open", "dev", "storage", "--print"]) == 0

    assert shown == []


def test_without_a_service_all_addresses_are_listed(shown: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["open", "dev"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["ENDPOINT", "SERVICE", "ADDRESS"]
    assert [line.split()[0] for line in lines[1:]] == [
        "storage", "registry", "registryReadOnly", "keyVault", "otlpGrpc", "otlpHttp", "insights",
    ]  # fmt: skip
    assert shown == []


def test_an_unknown_service_is_one_message(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["open", "dev", "regstry"]) == 1

    assert capsys.readouterr().err.startswith(
        "mlw: looking for service 'regstry': no such endpoint in stack 'dev'. Did you mean 'registry' or"
    )
