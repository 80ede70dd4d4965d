"""Rules that judge a stack as a whole, not one resource by its properties: what each asks for, one sentence.

They hold everywhere and can't be assigned otherwise: a stack that breaks one can't be built. The functions that judge
stand in the modules named for what they are about.
"""

from __future__ import annotations

from infra.rules.datastores import external_datastores
from infra.rules.datastores import registered_datastores as datastores
from infra.rules.names import naming_components, uniqueness
from infra.rules.names.name_rules import ResourceKind
from infra.rules.names.naming import rule_id
from infra.rules.resources import service_limits
from infra.rules.resources.component_types import COMPONENT_TYPES
from infra.rules.roles import role_assignments
from infra.rules.roles import role_definition_files as role_files
from infra.rules.stack import deployed_resources as deployed
from infra.rules.stack import host_settings, property_changes, stack_changes

_COMPONENT_KINDS = {component.kind for component in COMPONENT_TYPES.values()}

STACK_RULES: dict[str, str] = {
    "settings-key-require-known": "The stack file has no key that is not known; a misspelt one would do nothing.",
    "settings-key-require-value": "A key that something can't do without has a value.",
    "settings-value-require-type": "Every value has the type that its key needs; a number meant as text is quoted.",
    naming_components.WORKLOAD: "Every stack has a workload.",
    naming_components.ENVIRONMENT: "The environment is dev, test, stage or prod.",
    naming_components.INSTANCE: "The instance is 1-8 letters and digits.",
    "subscription-require-guid": "A subscription is a GUID.",
    uniqueness.RULE: "A name exists once within its scope, over all stacks of the backend, whatever its case.",
    **{
        rule_id(kind): f"The name of a {kind} is legal in Azure."
        for kind in ResourceKind
        if kind not in _COMPONENT_KINDS
    },
    datastores.TYPE: "A datastore is of type AzureBlob, AzureFile or S3.",
    datastores.RESERVED: "No registered datastore has the name of a default one.",
    datastores.DUPLICATE: "A datastore's name exists once.",
    datastores.DEFAULT: "At most one datastore is the default one, and it stands on the workspace's own account (M11).",
    datastores.QUOTA: "A quota is more than 0, and of a container of the workspace's own account.",
    external_datastores.KEYS: "Address and keys are given of a datastore of type S3 only.",
    external_datastores.COMPLETE: "A datastore of type S3 has an endpoint and keys.",
    external_datastores.ENDPOINT: "An S3 endpoint is http(s)://host[:port], without user.",
    external_datastores.BUCKET: "The container of a datastore of type S3 is the legal name of a bucket.",
    external_datastores.ENCRYPTED: "The secret of a datastore of type S3 is encrypted in the stack file.",
    deployed.RULE: "An existing resource is deployed by another stack of the backend.",
    deployed.ALONE: "Nothing is set on a resource that another stack owns.",
    deployed.SAME_SUBSCRIPTION: "An existing resource is in the workspace's own subscription (M1).",
    host_settings.PORTS: "The range of ports lies between 1024 and 65535 and has room for every service.",
    host_settings.MIRROR: "The mirror of images is host[:port][/path].",
    service_limits.CPU: "A service is limited to 0.1 to 64 CPUs.",
    service_limits.MEMORY: "A service is limited to memory that it starts and works with, and to no more than 256 GiB.",
    role_assignments.PRINCIPAL: "A principal's name is legal in the key vault, the storage account and the registry.",
    role_assignments.RESERVED: "No principal has the name of a user that a service has for itself.",
    role_assignments.KNOWN_ROLE: "An assigned role is a built-in one or one of the stack's role definitions.",
    role_assignments.UNIQUE: "A principal is given a role once.",
    role_assignments.OWN_KEY_VAULT: "A stack that assigns roles has a key vault of its own, for the credentials.",
    role_files.FILE: "The file of role definitions is there, and holds some.",
    role_files.SHAPE: "A role definition has Azure's shape.",
    role_files.NAME: "A role's name exists once, built-in roles included.",
    role_files.OPERATION: "A role names operations that exist here, in the list that Azure has it in.",
    role_files.WHOLE_PUSH: "A role that pushes images pulls and deletes them as well; the registry can't part these.",
    property_changes.REPLACEMENT: "No change replaces a resource and loses its data unless the stack allows it.",
    property_changes.SET_ONCE: "A key vault's retention is set once (T5).",
    stack_changes.IN_USE: "No change deletes a resource that another stack's workspace uses.",
    property_changes.PURGE_PROTECTION: "Purge protection is never switched off (T5).",
}
