"""Rules that judge a stack as a whole, not one resource by its properties: what each asks for, one sentence.

They hold everywhere and can't be assigned otherwise: a stack that breaks one can't be built. The functions that judge
stand in the modules named for what they are about.
"""

from __future__ import annotations

from infra.rules import (
    changes,
    datastores,
    datastores_elsewhere,
    deployed,
    endpoints,
    limits,
    parts,
    role_assignments,
    role_files,
    stack_changes,
    uniqueness,
)
from infra.rules.kinds import ResourceKind
from infra.rules.naming import rule_id
from infra.rules.resources import COMPONENT_TYPES

_COMPONENT_KINDS = {component.kind for component in COMPONENT_TYPES.values()}

STACK_RULES: dict[str, str] = {
    "settings-key-require-known": "The stack file has no key that is not known; a misspelt one would do nothing.",
    "settings-key-require-value": "A key that something can't do without has a value.",
    "settings-value-require-type": "Every value has the type that its key needs; a number meant as text is quoted.",
    parts.WORKLOAD: "Every stack has a workload.",
    parts.ENVIRONMENT: "The environment is dev, test, stage or prod.",
    parts.INSTANCE: "The instance is 1-8 letters and digits.",
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
    datastores_elsewhere.KEYS: "Address and keys are given of a datastore of type S3 only.",
    datastores_elsewhere.COMPLETE: "A datastore of type S3 has an endpoint and keys.",
    datastores_elsewhere.ENDPOINT: "An S3 endpoint is http(s)://host[:port], without user.",
    datastores_elsewhere.BUCKET: "The container of a datastore of type S3 is the legal name of a bucket.",
    datastores_elsewhere.ENCRYPTED: "The secret of a datastore of type S3 is encrypted in the stack file.",
    deployed.RULE: "A resource that is brought along exists in another stack of the backend.",
    deployed.ALONE: "Nothing is set on a resource that another stack owns.",
    deployed.SAME_SUBSCRIPTION: "A resource that is brought along is in the workspace's own subscription (M1).",
    endpoints.PORTS: "The range of ports lies between 1024 and 65535 and has room for every service.",
    endpoints.MIRROR: "The mirror of images is host[:port][/path].",
    limits.CPU: "A service is limited to 0.1 to 64 CPUs.",
    limits.MEMORY: "A service is limited to memory that it starts and works with, and to no more than 256 GiB.",
    role_assignments.PRINCIPAL: "A principal's name is legal in the key vault, the storage account and the registry.",
    role_assignments.RESERVED: "No principal has the name of a user that a service has for itself.",
    role_assignments.KNOWN_ROLE: "An assigned role is a built-in one or one of the stack's role definitions.",
    role_assignments.UNIQUE: "A principal is given a role once.",
    role_assignments.OWN_KEY_VAULT: "A stack that assigns roles has a key vault of its own, for the credentials.",
    role_files.FILE: "The file of role definitions is there, and holds some.",
    role_files.SHAPE: "A role definition has Azure's shape.",
    role_files.NAME: "A role's name exists once, built-in roles included.",
    role_files.OPERATION: "A role names operations that exist here, in the list that they belong to in Azure.",
    role_files.WHOLE_PUSH: "A role that pushes images pulls and deletes them as well; the registry can't part these.",
    changes.REPLACEMENT: "No change replaces a resource and loses its data, unless the stack allows it by name.",
    changes.SET_ONCE: "A key vault's retention is set once (T5).",
    stack_changes.IN_USE: "No change deletes a resource that another stack's workspace uses.",
    changes.PURGE_PROTECTION: "Purge protection is never switched off (T5).",
}
