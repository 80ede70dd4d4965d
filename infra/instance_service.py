"""The service of a compute instance.

It is declared as the other services are, and is not one of them: those are expected to run.
"""

from __future__ import annotations

from infra.services import WORKSPACE_SECTION, Endpoint, HttpProbe, Service

INSTANCE_HOME = "/home/azureuser"
"""Home folder of the user of a compute instance, as in Azure."""

COMPUTE_INSTANCE = Service(
    name="computeInstance",
    section=WORKSPACE_SECTION,
    title="compute instance",
    engine_role="ci",
    image="instance",
    volumes={"home": INSTANCE_HOME, "config": "/etc/instance"},
    credentials_key="computeInstance",
    endpoints=(
        Endpoint(
            use="computes",
            title="compute instance (JupyterLab)",
            port=8888,
            probe=HttpProbe(path="/api", expected=frozenset({200})),
        ),
    ),
    rotation_effect="its user must log in again",
    is_optional=True,
)
"""JupyterLab for one principal. A stack has any number of them, in its output `computes`; each may be stopped."""
