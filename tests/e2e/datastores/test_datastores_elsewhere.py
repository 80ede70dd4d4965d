"""A datastore in an external object store: its secret goes from the encrypted stack file into the key vault only.

The external store is the workspace's own account with its root keys: for the product it is any address with any keys.
"""

import json
from typing import Any

from tests.support.datastores import datastore_client, datastore_named, read_datastore_secret
from tests.support.object_store import s3_client
from tests.support.refusals import assert_refused
from tests.support.stacks import LiveStack
from tests.support.updates import assert_unchanged

NAME, BUCKET = "archive", "archive.elsewhere"
SECRET_KEY = "ml-workspace:datastores[0].secretAccessKey"


def elsewhere(live: LiveStack, **changed: object) -> dict[str, Any]:
    """The datastore without its secret."""
    keys = live.outputs["credentials"]["storage"]
    entry = {
        "name": NAME,
        "type": "S3",
        "container": BUCKET,
        "endpoint": live.outputs["endpoints"]["storage"],
        "region": "us-east-1",
        "accessKeyId": keys["accessKey"],
    }
    return {**entry, **changed}


def test_plain_text_secret_is_refused_and_not_printed(live: LiveStack) -> None:
    secret = "plain-and-never-to-be-said-0815"
    live.stack.configure(datastores=[elsewhere(live, secretAccessKey=secret)])
    mlw = live.stack.environment.mlw

    for finished in (
        live.stack.pulumi("preview", "--suppress-outputs"),
        live.stack.pulumi("up", "--yes", "--skip-preview", "--suppress-outputs"),
        mlw("policy", "check", live.stack.name),
        mlw("policy", "check", live.stack.name, "--json"),
    ):
        assert_refused(finished, SECRET_KEY, "pulumi config set --secret --path", "secure")
        assert secret not in finished.output
    live.stack.configure()


def test_encrypted_secret_is_stored_only_in_the_vault(live: LiveStack) -> None:
    stack, root = live.stack, s3_client(live.outputs)
    root.create_bucket(Bucket=BUCKET)
    secret = live.outputs["credentials"]["storage"]["secretKey"]
    stack.configure(datastores=[elsewhere(live)])
    stack.pulumi("config set", "--secret", "--path", SECRET_KEY, secret).check()
    file = stack.environment.stack_folder / f"Pulumi.{stack.name}.yaml"
    assert secret not in file.read_text()
    checked = stack.environment.mlw("policy", "check", stack.name)
    assert "no violation" in checked.check().stdout

    # `make up` works with a copy of the stack file, plain Pulumi with the file itself: the same for both.
    stack.lifecycle("up").check()
    assert_unchanged(stack.preview())
    outputs = stack.outputs()

    told = datastore_named(outputs, NAME)
    assert told["uri"] == f"{live.outputs['endpoints']['storage']}/{BUCKET}"
    held = read_datastore_secret(outputs, NAME)
    assert (held["type"], held["container"], held["secretKey"]) == ("S3", BUCKET, secret)
    datastore_client(outputs, held).put_object(Bucket=BUCKET, Key="a", Body=b"x")
    assert secret not in json.dumps(outputs["datastores"])
    assert secret not in stack.pulumi("stack export").check().stdout
    refused = stack.environment.mlw("keys", "rotate", stack.name, "--datastore", NAME)
    assert_refused(refused, f"datastore '{NAME}'", "external object store", "pulumi config set --secret")

    stack.configure()
    stack.up().check()
    assert not [store for store in stack.outputs()["datastores"] if store["name"] == NAME]
    assert [found["Key"] for found in root.list_objects_v2(Bucket=BUCKET)["Contents"]] == ["a"]
    root.delete_object(Bucket=BUCKET, Key="a")
    root.delete_bucket(Bucket=BUCKET)
