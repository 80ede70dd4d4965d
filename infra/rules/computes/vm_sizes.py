"""Azure's sizes of virtual machines as CPU and memory limits.

A size is a number of CPUs and GiB of memory, by family; disks and generations of processors make no difference here.
Source: Azure's pages on sizes of virtual machines (virtual-machines/sizes). Sizes with a GPU are known only by their
series, N: jobs get no GPU, so all of them are rejected.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

PREFIX = "STANDARD_"
_GPU = re.compile(rf"{PREFIX}N[A-Z]*\d", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class VmSize:
    """What a node of a compute may use.

    Attributes:
        name: Azure's name, in upper case as Azure returns it.
        memory_gib: Memory; Azure writes GiB, too.
    """

    name: str
    cpus: int
    memory_gib: float


_Sizes = Mapping[int, tuple[int, float]]
"""The number in the name of a size to its CPUs and GiB."""


def _linear(cpus: Sequence[int], gib_per_cpu: float, **others: float) -> _Sizes:
    """Sizes named after their CPUs; ``others`` are exceptions, e.g. ``of_64=432``."""
    return {count: (count, others.get(f"of_{count}", count * gib_per_cpu)) for count in cpus}


_D = (2, 4, 8, 16, 32, 48, 64)
_E = (2, 4, 8, 16, 20, 32, 48, 64)
_DV2: _Sizes = {
    1: (1, 3.5), 2: (2, 7), 3: (4, 14), 4: (8, 28), 5: (16, 56),
    11: (2, 14), 12: (4, 28), 13: (8, 56), 14: (16, 112), 15: (20, 140),
}  # fmt: skip

_FAMILIES: Sequence[tuple[Sequence[str], _Sizes]] = (
    (("A{}_V2",), _linear((1, 2, 4, 8), 2)),
    (("A{}M_V2",), _linear((2, 4, 8), 8)),
    (("D{}_V2", "DS{}_V2"), _DV2),
    (("D{}_V3", "D{}S_V3"), _linear(_D, 4)),
    (("D{}_V4", "D{}S_V4", "D{}D_V4", "D{}DS_V4"), _linear(_D, 4)),
    (("D{}A_V4", "D{}AS_V4"), _linear((*_D, 96), 4)),
    (("D{}_V5", "D{}S_V5", "D{}D_V5", "D{}DS_V5", "D{}AS_V5", "D{}ADS_V5"), _linear((*_D, 96), 4)),
    (("D{}S_V6", "D{}DS_V6", "D{}AS_V6", "D{}ADS_V6"), _linear((*_D, 96), 4)),
    (("E{}_V3", "E{}S_V3"), _linear(_E, 8, of_64=432)),
    (("E{}_V4", "E{}S_V4", "E{}D_V4", "E{}DS_V4"), _linear(_E, 8, of_64=504)),
    (("E{}A_V4", "E{}AS_V4"), _linear((*_E, 96), 8, of_96=672)),
    (("E{}_V5", "E{}S_V5", "E{}D_V5", "E{}DS_V5", "E{}AS_V5", "E{}ADS_V5"), _linear((*_E, 96), 8, of_96=672)),
    (("E{}S_V6", "E{}DS_V6", "E{}AS_V6", "E{}ADS_V6"), _linear((*_E, 96), 8, of_96=672)),
    (("F{}", "F{}S"), _linear((1, 2, 4, 8, 16), 2)),
    (("F{}S_V2",), _linear((2, 4, 8, 16, 32, 48, 64, 72), 2)),
    (("L{}S_V2", "L{}S_V3", "L{}AS_V3"), _linear((8, 16, 32, 48, 64, 80), 8)),
)  # fmt: skip


@cache
def vm_sizes() -> Mapping[str, VmSize]:
    """All sizes by name."""
    found = {}
    for patterns, sizes in _FAMILIES:
        for pattern in patterns:
            for number, (cpus, memory) in sizes.items():
                name = PREFIX + pattern.format(number)
                found[name] = VmSize(name, cpus, memory)
    return found


def find_vm_size(name: str) -> VmSize | None:
    """Find a size; case does not matter, as in Azure."""
    return vm_sizes().get(name.upper())


def has_gpu(name: str) -> bool:
    """Whether a size is of Azure's series N, whose machines have GPUs."""
    return _GPU.match(name) is not None


def near_vm_size(name: str, default: str) -> str:
    """The size with the most similar name."""
    return next(iter(difflib.get_close_matches(name.upper(), vm_sizes(), n=1, cutoff=0.7)), default)
