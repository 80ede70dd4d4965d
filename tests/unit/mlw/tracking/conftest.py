"""Commands on a stack whose MLflow is in memory."""

import pytest

from mlw.activity import recording
from mlw.tracking import tracking_access
from tests.support.fake_tracking import FakeTracking, run_document
from tests.unit.states import Place

FIRST, SECOND = "a" * 32, "b" * 32


@pytest.fixture
def tracking(place: Place, monkeypatch: pytest.MonkeyPatch) -> FakeTracking:
    """Two runs of one experiment; the second one has logged a model."""
    place.deploy("dev")
    made = FakeTracking()
    made.add(run_document(FIRST, "base", params={"depth": "3", "seed": "1"}, metrics={"loss": 0.5, "odd": "NaN"}))
    tags = {"mlflow.source.git.commit": "c0ffee", "azureml.git.dirty": "True", "team": "blue"}
    made.add(
        run_document(
            SECOND, "deeper", params={"depth": "9", "seed": "1"}, metrics={"loss": 0.25}, tags=tags, models=["m-9"]
        )
    )
    made.steps["loss"] = [1.0, 0.5, 0.25]
    info = {"model_id": "m-9", "name": "model", "artifact_uri": "mlflow-artifacts:/1/models/m-9/artifacts"}
    made.logged["m-9"] = {"info": info}
    made.files = {
        f"1/{SECOND}/artifacts/conf.json": b"{}",
        f"1/{SECOND}/artifacts/plots/loss.svg": b"<svg/>",
        "1/models/m-9/artifacts/MLmodel": b"flavors: {}",
    }
    monkeypatch.setattr(tracking_access, "connect", lambda *_: made)
    monkeypatch.setattr(recording, "run", lambda _records, _params, action: action())
    return made
