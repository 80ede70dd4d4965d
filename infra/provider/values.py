"""Convert property bags between the engine's form and plain Python values."""

from __future__ import annotations

from typing import Any

from google.protobuf.struct_pb2 import Struct, Value

from infra.resources.resource import Props


def to_props(struct: Struct) -> Props:
    """Convert to plain values. A value unknown in a preview stays the engine's marker, which equals no real value."""
    return {key: _plain(value) for key, value in struct.fields.items()}


def _plain(value: Value) -> Any:  # noqa: ANN401 - any JSON value
    kind = value.WhichOneof("kind")
    match kind:
        case None | "null_value":
            return None
        case "struct_value":
            return to_props(value.struct_value)
        case "list_value":
            return [_plain(item) for item in value.list_value.values]
        case _:
            return getattr(value, kind)


def to_struct(props: Props) -> Struct:
    """Convert to the engine's form; properties without a value are omitted."""
    struct = Struct()
    struct.update({key: value for key, value in props.items() if value is not None})
    return struct
