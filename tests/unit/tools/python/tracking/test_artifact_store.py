from io import BytesIO
from pathlib import Path

import pytest

from tools.python.tracking.tracking.artifact_store import LARGEST_FILE, ArtifactStore
from tools.python.tracking.tracking.configuration import Artifacts, ConfigurationError
from tools.python.tracking.tracking.http_messages import RequestError


def _artifacts(credentials: Path) -> Artifacts:
    return Artifacts(
        bucket="azureml",
        prefix="mlflow",
        endpoint="https://storage:9000",
        credentials=credentials,
        certificate_authority=None,
    )


@pytest.mark.parametrize("content", ["", "[default]\naws_access_key_id = x\n", "no section", "[other]\n"])
def test_incomplete_credentials_are_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "keys").write_text(content, encoding="utf-8")

    with pytest.raises(ConfigurationError, match=r"keys': no section \[default\] with aws_access_key_id"):
        ArtifactStore(_artifacts(tmp_path / "keys"))


def test_missing_credentials_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="keys': No such file"):
        ArtifactStore(_artifacts(tmp_path / "keys"))


def test_file_that_does_not_fit_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("[default]\naws_access_key_id = x\naws_secret_access_key = y\n", encoding="utf-8")
    store = ArtifactStore(_artifacts(tmp_path / "keys"))

    with pytest.raises(RequestError, match="'1/model' has 167772160001 bytes; allowed: 167772160000"):
        store.upload("1/model", BytesIO(), LARGEST_FILE + 1)


def test_everything_cannot_be_removed_at_once(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("[default]\naws_access_key_id = x\naws_secret_access_key = y\n", encoding="utf-8")

    with pytest.raises(ValueError, match="no path"):
        ArtifactStore(_artifacts(tmp_path / "keys")).remove("")
