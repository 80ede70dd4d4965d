"""What a package has in it: the deployment that a file or a registered model describes, with its files and image."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlw.environments.environment_images import EnvironmentImage
from mlw.environments.image_of import EnvironmentAccess
from mlw.jobs.ports import SourceFile
from mlw.model_packages.package_errors import ModelPackageError
from mlw.online_endpoints import deployed_models, deployment_settings, serving_environments, serving_files
from mlw.online_endpoints.deployed_code import code_of
from mlw.online_endpoints.deployed_models import Connect
from mlw.online_endpoints.deployment_settings import DeploymentSettings
from mlw.online_endpoints.endpoint_records import DeployedModel, Deployment
from mlw.online_endpoints.serving_files import MLFLOW, SCORE
from mlw.tracking import code_snapshot
from mlw.tracking.code_snapshot import CodeSnapshot

_NAME = "package"


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageSource:
    """What is packaged.

    Attributes:
        deployment: As its record would be.
        code: Files of the scoring script; None without one.
        local_model: Where the model is on this machine; None for a registered one.
        model_names: Its files, if it is.
        connect: Connects to the registry of models.
        access: The workspace's registry and environments.
    """

    deployment: Deployment
    settings: DeploymentSettings
    code: CodeSnapshot | None
    local_model: Path | None
    model_names: tuple[str, ...]
    connect: Connect
    access: EnvironmentAccess

    def image(self, log: Callable[[str], None]) -> EnvironmentImage:
        """The image of the environment; it is built if the registry does not have it."""
        environment = self.deployment.document.get("environment")
        if environment is None and self.deployment.model:
            with self._model() as found:
                conda = deployed_models.conda_of(self.deployment.model, found)
            environment = {"image": serving_environments.MLFLOW_BASE, "conda_file": conda}
        return serving_environments.provide(environment or "", self.access, server=self.deployment.server, log=log)

    @contextmanager
    def files(self) -> Iterator[Iterator[SourceFile]]:
        """All files, as a deployment has them."""
        code = deployed_models.local_files(self.code.folder, [one.name for one in self.code.files]) if self.code else ()
        with self._model() as model:
            yield serving_files.files(self.deployment, self.settings, code, model)

    @contextmanager
    def _model(self) -> Iterator[Iterator[SourceFile]]:
        model = self.deployment.model
        if model is None:
            yield iter(())
        elif self.local_model is not None:
            yield deployed_models.local_files(self.local_model, self.model_names, model.folder)
        else:
            with deployed_models.registered_files(model, self.connect) as found:
                yield found


def of_model(reference: str, connect: Connect, access: EnvironmentAccess) -> PackageSource:
    """A registered model that needs no script."""
    document = {"name": _NAME, "endpoint_name": _NAME, "model": reference}
    return _source(document, connect, access)


def of_file(
    document: Mapping[str, Any], reference: str, connect: Connect, access: EnvironmentAccess, say: Callable[[str], None]
) -> PackageSource:
    """What the file of a deployment describes.

    Args:
        document: The file, normalised.
        reference: A registered model instead of the file's; empty for the file's.
        connect: Connects to the registry of models.
        access: The workspace's registry and environments.
        say: Gets notices.

    Raises:
        EndpointError: The file is wrong, or there is no such model.
    """
    changed = {**document, **({"model": reference} if reference else {})}
    found = _source(changed, connect, access)
    if found.settings.collection:
        say("`data_collector` is ignored: a package has no workspace that data could be written to.")
    if found.settings.variables:
        names = ", ".join(sorted(found.settings.variables))
        say(f"environment_variables are in the image, for everybody who has it: {names}")
    return found


def _source(document: Mapping[str, Any], connect: Connect, access: EnvironmentAccess) -> PackageSource:
    settings = deployment_settings.checked(document)
    model, path, names = _model(document, connect)
    code: CodeSnapshot | None = None
    folder, script = "", ""
    if document.get("code_configuration"):
        place, script = code_of(document)
        code, folder = code_snapshot.take(place), place.name
    server = SCORE if code else MLFLOW
    deployed_models.require_servable(str(document["name"]), server, model)
    deployment = Deployment(
        name=str(document["name"]), endpoint=str(document["endpoint_name"]), document=document, revision="",
        instance_count=1, server=server, image="", model=model, code=code.hash if code else "", code_folder=folder,
        script=script,
    )  # fmt: skip
    return PackageSource(
        deployment=deployment, settings=settings, code=code, local_model=path, model_names=tuple(names),
        connect=connect, access=access,
    )  # fmt: skip


def _model(
    document: Mapping[str, Any], connect: Connect
) -> tuple[DeployedModel | None, Path | None, list[str]]:  # fmt: skip
    given = document.get("model")
    if given is None:
        return None, None, []
    if not isinstance(given, Mapping):
        return deployed_models.find(str(given), connect), None, []
    path = deployed_models.local_path(document)
    if not path.exists():
        raise ModelPackageError(f"packaging a model: model.path is '{path}', which does not exist.")
    model, names = deployed_models.described(path, type_=str(given.get("type") or ""))
    return model, path, names


def is_of_model(one: SourceFile) -> bool:
    """Whether a file has a layer with the model, which seldom changes."""
    return one.name.startswith(f"{serving_files.MODELS}/")
