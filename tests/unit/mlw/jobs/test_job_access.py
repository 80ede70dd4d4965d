"""What a job gets: the certificate authorities that it trusts."""

from pathlib import Path

import pytest

from mlw.computes.compute_access import ComputeAccess
from mlw.jobs import job_access


@pytest.fixture
def chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bundle that the user has chosen, e.g. with the authority of a proxy."""
    path = tmp_path / "bundle.pem"
    path.write_text("PROXY\n")
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return path


@pytest.mark.parametrize(
    ("of_the_stack", "contents"),
    [
        pytest.param("", {"ca-bundle.pem": "PROXY\n"}, id="plain"),
        pytest.param("OURS\n", {"ca-bundle.pem": "OURS\nPROXY\n", "ca.pem": "OURS"}, id="TLS"),
    ],
)
def test_a_job_trusts_what_this_machine_trusts(chosen: Path, of_the_stack: str, contents: dict[str, str]) -> None:
    access = ComputeAccess(
        endpoints={}, credentials={}, networks=(), ca_certificate=of_the_stack, registry_scheme="http"
    )

    files = {one.name.rpartition("/")[2]: b"".join(one.content).decode() for one in job_access._certificates(access)}

    assert files == contents
