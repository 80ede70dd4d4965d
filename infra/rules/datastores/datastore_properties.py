"""Properties of a registered datastore."""

from __future__ import annotations

from typing import Annotated

from infra.rules.resources.properties import REQUIRED, Derived, Property

_OF_S3 = Derived("required of type `S3`", lambda _props: "")

_ANOTHER = "another datastore; the container of before stays"


class DatastoreProperties:
    """A registered datastore; address, region and keys are those of a store of type `S3`."""

    name: Annotated[str, Property(doc="Name of the datastore.", default=REQUIRED, effect=_ANOTHER, source="N1")]
    type: Annotated[str, Property(doc="`AzureBlob`, `AzureFile` or `S3`.", default=REQUIRED, source="M11")]
    container: Annotated[
        str,
        Property(
            doc="Blob container, file share or bucket that it stands on.",
            default=REQUIRED,
            effect="in place; blobs stay in the container of before",
            source="N5",
        ),
    ]
    description: Annotated[str, Property(doc="What it is for.", default="")]
    tags: Annotated[dict[str, str], Property(doc="Tags of its own; none are inherited.", default={}, source="G1")]
    is_default: Annotated[
        bool, Property(doc="Whether it is the workspace's default datastore.", default=False, source="M11")
    ]
    quota_in_gib: Annotated[
        float | None, Property(doc="Hard upper bound of what the container holds, in GiB.", default=None)
    ]
    endpoint: Annotated[str, Property(doc="Base URL of an S3 store.", default=_OF_S3)]
    region: Annotated[str, Property(doc="Region of an S3 store.", default="")]
    access_key_id: Annotated[str, Property(doc="Access key of an S3 store.", default=_OF_S3, secret=True)]
    secret_access_key: Annotated[
        str,
        Property(
            doc="Secret of an S3 store, encrypted in the stack file.",
            default=_OF_S3,
            secret=True,
        ),
    ]
