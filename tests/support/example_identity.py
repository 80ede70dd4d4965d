"""The identity of an endpoint, as the key vault would give it."""

from mlw.computes.compute_access import ComputeAccess
from mlw.online_endpoints.identity_access import EndpointIdentity

ACCESS = ComputeAccess(
    endpoints={"storage": "http://storage:9000", "keyVault": "http://vault:8200"},
    credentials={"storage": {"accessKey": "scorer", "secretKey": "word"}, "keyVault": {"token": "of an hour"}},
    networks=("rg",),
    ca_certificate="",
    registry_scheme="http",
)
SCORER = EndpointIdentity(principal="scorer", access=ACCESS, password="password")
