"""Properties of a registered datastore."""

from __future__ import annotations

from typing import Annotated

from infra.rules.resources.properties import REQUIRED, Derived, Property

_OF_S3 = Derived("required for type `S3`", lambda _props: "")

_ANOTHER = "a new datastore; the old container is kept"


class DatastoreProperties:
    """A registered datastore; endpoint, region and keys are for type `S3` only."""

    name: Annotated[str, Property(doc="Name of the datastore.", default=REQUIRED, effect=_ANOTHER, source="N1")]
    type: Annotated[str, Property(doc="`AzureBlob`, `AzureFile` or `S3`.", default=REQUIRED, source="M11")]
    container: Annotated[
        str,
        Property(
            doc="Blob container, file share or bucket that stores its data.",
            default=REQUIRED,
            effect="in place; existing blobs stay in the old container",
            source="N5",
        ),
    ]
    description: Annotated[str, Property(doc="What the datastore is for.", default="")]
    tags: Annotated[
        dict[str, str], Property(doc="The datastore's own tags; none are inherited.", default={}, source="G1")
    ]
    is_default: Annotated[
        bool, Property(doc="Whether it is the workspace's default datastore.", default=False, source="M11")
    ]
    quota_in_gib: Annotated[
        float | None, Property(doc="Hard limit on the size of the container, in GiB.", default=None)
    ]
    endpoint: Annotated[str, Property(doc="Base URL of an S3 store.", default=_OF_S3)]
    region: Annotated[str, Property(doc="Region of an S3 store.", default="")]
    access_key_id: Annotated[str, Property(doc="Access key of an S3 store.", default=_OF_S3, secret=True)]
    secret_access_key: Annotated[
        str,
        Property(
            doc="Secret key of an S3 store, encrypted in the stack file.",
            default=_OF_S3,
            secret=True,
        ),
    ]
