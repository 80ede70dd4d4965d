"""Property names of the classes in a provider's Python package."""

import typing
from collections.abc import Iterator

from pulumi import _types


def inputs_of(arguments: type, prefix: str = "") -> Iterator[str]:
    """Every property that the Python package can send, nested ones with dots."""
    types = _types.input_type_types(arguments)
    for name in _types.input_type_py_to_pulumi_names(arguments).values():
        yield prefix + name
        for nested in nested_inputs(types.get(name)):
            yield from inputs_of(nested, f"{prefix}{name}.")


def nested_inputs(annotation: object) -> Iterator[type]:
    """The input classes inside an annotation."""
    if isinstance(annotation, type) and _types.is_input_type(annotation):
        yield annotation
    for part in typing.get_args(annotation):
        yield from nested_inputs(part)
