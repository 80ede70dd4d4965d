"""A link that logs the user of a compute instance in, once; the instance makes it."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING

from mlw.computes.instance_requests import asking, refused

if TYPE_CHECKING:
    from mlw.computes.instances import Instance


def login_link(instance: Instance) -> str:
    """Make a link for the user of an instance.

    Raises:
        InstanceLoginError: The instance does not run, or refuses the token.
        NoSuchPrincipalError: The key vault does not have the credentials of its user.
    """
    doing = f"connecting to compute instance '{instance.name}'"
    with asking(instance, "POST", "/login/links", doing) as response:
        if response.status != HTTPStatus.OK:
            raise refused(instance, response.status, doing)
        return f"{instance.endpoint}{json.load(response)['path']}"
