"""What each role can do: every role tries every operation in every service, through its own clients.

Each column is a principal: Owner, Contributor, Reader, AzureML data Scientist, AzureML compute oPerator, a custom
secret Auditor, one who is Reader and compute operator at Once, Key Vault purge operator. `x` is allowed, `.` refused.
"""

import pytest

from tests.support.principals import Person, is_allowed
from tests.support.role_attempts import ATTEMPTS, FORBIDDEN, Scene

PRINCIPALS = (
    "owner", "contributor", "reader", "data-scientist", "compute-operator", "secret-auditor",
    "reader-and-compute-operator", "purge-operator",
)  # fmt: skip

#                                                     O C R S P A B Z
TABLE = """
lists secrets                                       | x x x x . x x x
reads a secret's metadata                           | x x x x . x x x
reads a secret                                      | x x . x . x . .
writes a secret                                     | x x . x . . . .
sets a secret's expiry                              | x x . x . . . .
deletes a secret                                    | x x . x . . . .
deletes a version of a secret                       | x x . x . . . .
recovers a deleted secret                           | x x . x . . . .
destroys a version of a secret                      | x . . . . . . x
purges a secret                                     | x . . . . . . x
lets a secret's versions expire by a patch          | x . . . . . . .
keeps one version of a secret                       | x . . . . . . .
lets a secret's versions expire                     | x . . . . . . .
lists compute's secrets                             | x x x x x . x .
reads a compute's secret's metadata                 | x x x x x . x .
reads a compute's secret                            | x x . . x . x .
writes a compute's secret                           | x x . . x . x .
sets a compute's secret's expiry                    | x x . . x . x .
deletes a compute's secret                          | x x . . x . x .
deletes a version of a compute's secret             | x x . . x . x .
recovers a deleted compute's secret                 | x x . . x . x .
destroys a version of a compute's secret            | x . . . . . . x
purges a compute's secret                           | x . . . . . . x
lets a compute's secret's versions expire by a patch| x . . . . . . .
keeps one version of a compute's secret             | x . . . . . . .
lets a compute's secret's versions expire           | x . . . . . . .
lists datastores                                    | x x x x . . x .
reads a datastore's metadata                        | x x x x . . x .
reads a datastore's credentials                     | x x . x . . . .
reads own credentials                               | x x x x x x x x
lists certificates                                  | x x x x . . x .
has a certificate issued                            | x x . . . . . .
lists containers                                    | x x x x . x x .
lists blobs                                         | x x . x . x . .
reads a blob                                        | x x . x . x . .
reads a blob's attributes                           | x x . x . x . .
writes a blob                                       | x x . x . . . .
writes a multipart blob                             | x x . x . . . .
tags a blob                                         | x x . x . . . .
takes a blob's tags away                            | x x . x . . . .
deletes a blob                                      | x x . x . . . .
deletes several blobs                               | x x . x . . . .
deletes a version of a blob                         | x . . . . . . .
deletes versions of several blobs                   | x . . . . . . .
lists artifacts                                     | x x x x . x x .
reads an artifact                                   | x x x x . x x .
writes an artifact                                  | x x . x . . . .
reads the workspace record                          | x x x x . x x .
writes the workspace record                         | x x . . . . . .
deletes the workspace record                        | x x . . . . . .
makes a container                                   | x x . . . . . .
deletes a container                                 | x x . . . . . .
pulls an image                                      | x x x x x . x .
lists images                                        | x x x x x . x .
pulls where images are pushed                       | x x . x . . . .
pushes an image                                     | x x . x . . . .
deletes an image                                    | x x . x . . . .
sends telemetry over gRPC                           | x x . x x . x .
sends telemetry over HTTP                           | x x . x x . x .
queries telemetry                                   | x x x x . . x .
"""

ROWS = {row.partition("|")[0].strip(): row.partition("|")[2].split() for row in TABLE.strip().splitlines()}
CASES = [
    pytest.param(principal, does, mark == "x", id=f"{principal} {'' if mark == 'x' else 'never '}{does}")
    for does, marks in ROWS.items()
    for principal, mark in zip(PRINCIPALS, marks, strict=True)
]


def test_the_table_lists_every_attempt() -> None:
    assert set(ROWS) == set(ATTEMPTS)


@pytest.mark.parametrize(("principal", "does", "allowed"), CASES)
def test_role(people: dict[str, Person], scene: Scene, principal: str, does: str, *, allowed: bool) -> None:
    assert is_allowed(lambda: ATTEMPTS[does](people[principal], scene)) is allowed


@pytest.mark.parametrize("does", FORBIDDEN)
def test_no_role_allows_it(people: dict[str, Person], scene: Scene, does: str) -> None:
    let = [name for name in PRINCIPALS if is_allowed(lambda name=name: FORBIDDEN[does](people[name], scene))]  # type: ignore[misc]

    assert let == []
