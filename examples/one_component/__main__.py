"""A storage account without a workspace: another program that uses one component of ml-workspace.

The policy pack of `make env` checks it like any stack of this project: `pulumi config set sku Standard_XYZ` is rejected
in the preview. Run it in the environment of `make env`:

    pulumi -C examples/one_component stack init features
    pulumi -C examples/one_component up -s features
    pulumi -C examples/one_component destroy -s features --remove
"""

import pulumi

from infra import settings
from infra.components.provisioning_context import ProvisioningContext
from infra.components.resource_group import ResourceGroup
from infra.components.storage_account import StorageAccount
from infra.deletion_guards import guard_deletion
from infra.preconditions import reserve
from infra.resources.stack_identity import StackIdentity

config = pulumi.Config()

# Names, tags and defaults by the same rules as in a stack file.
wanted = settings.load(
    {
        "ml-workspace:workload": config.get("workload") or "features",
        "ml-workspace:tags": '{"owner": "ml-platform@example.org", "cost-center": "4711", "project": "features"}',
    },
    stack=pulumi.get_stack(),
)
account = wanted.storage_account.model_copy(update={"sku": config.get("sku") or wanted.storage_account.sku})

# Declare: from here on the policy pack knows the properties of both resources.
group = ResourceGroup(wanted.resource_group)
storage = StorageAccount(account, parent=group)

# Reserve names, ports and images on the engine, then create containers.
identity = StackIdentity(
    f"{group.resource_name}-identity", resource_name=group.resource_name, opts=group.child_options()
)
reservation = reserve(wanted, group, [storage], identity, after=identity)
group.provision(identity, after=reservation)
connections = storage.provision(
    ProvisioningContext(
        identity=identity,
        reservation=reservation,
        network=group.network,
        ports=reservation.ports,
        image_ids=reservation.image_ids,
        workspace_id=identity.stack_id,
        guest_options=group.child_options(after=reservation),
    )
)

# Data is removed only when the whole stack is destroyed.
guard_deletion(wanted, group, [storage], identity, after=[storage.container, *storage.unawaited])

connection = connections["storage"]
pulumi.export("endpoint", connection.endpoints["storage"])
pulumi.export("credentials", pulumi.Output.secret(connection.credentials))
