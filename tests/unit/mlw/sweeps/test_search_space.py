"""Search spaces of Azure's YAML, and what the algorithms choose in them."""

from __future__ import annotations

import json
import math
import subprocess
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any, cast

import pytest

from infra.host.package_folders import PackageFolder
from mlw.sweeps.sampling import PastTrial, Sampling, grid_size, read_algorithm
from mlw.sweeps.search_points import coordinates_of, flat, parameter_of
from mlw.sweeps.search_space import TYPES, Value, read_space
from mlw.sweeps.sweep_errors import SweepError
from mlw.sweeps.sweep_jobs import BINDING, in_command

RANGE = {"min_value": 1, "max_value": 3}
BELL = {"mu": 1, "sigma": 0.5}
SPACE: dict[str, dict[str, Any]] = {
    "choice": {"values": ["a", 2, 0.5, True]},
    "randint": {"upper": 4},
    "uniform": RANGE,
    "loguniform": RANGE,
    "quniform": {**RANGE, "q": 0.5},
    "qloguniform": {**RANGE, "q": 2},
    "normal": BELL,
    "lognormal": BELL,
    "qnormal": {**BELL, "q": 0.25},
    "qlognormal": {**BELL, "q": 1},
}


def document(*types: str) -> dict[str, Any]:
    return {name: {"type": name, **SPACE[name]} for name in types or TYPES}


def chosen(algorithm: str, *types: str, trials: int = 400, seed: int = 7) -> Iterator[dict[str, Value]]:
    one = Sampling(space=read_space(document(*types)), algorithm=algorithm, seed=seed, maximize=False)
    for number in range(trials):
        if point := one.point(number, []):
            yield dict(point.parameters)


def numbers(name: str) -> list[float]:
    return [float(cast("float", one[name])) for one in chosen("random", name)]


def test_the_distributions_are_those_of_azure() -> None:
    exp = math.exp
    assert {one["choice"] for one in chosen("random", "choice")} == {"a", 2, 0.5, True}
    assert {one["randint"] for one in chosen("random", "randint")} == {0, 1, 2, 3}
    assert all(1 <= one < 3 for one in numbers("uniform"))
    assert all(exp(1) <= one < exp(3) for one in numbers("loguniform"))
    assert set(numbers("quniform")) == {1, 1.5, 2, 2.5, 3}
    assert all(one % 2 == 0 and 2 <= one <= 20 for one in numbers("qloguniform"))
    assert (fmean(numbers("normal")), pstdev(numbers("normal"))) == pytest.approx((1, 0.5), abs=0.1)
    assert fmean(map(math.log, numbers("lognormal"))) == pytest.approx(1, abs=0.1)
    assert all(one * 4 % 1 == 0 for one in numbers("qnormal"))
    assert {type(one["qlognormal"]) for one in chosen("random", "qlognormal")} == {int}


def test_a_seed_gives_the_same_points_and_each_trial_its_own() -> None:
    first, again, other = (list(chosen("random", "uniform", seed=seed)) for seed in (1, 1, 2))

    assert first == again
    assert first != other
    assert len({one["uniform"] for one in first}) == len(first)


def test_a_grid_has_all_combinations_once() -> None:
    found = list(chosen("grid", "choice", "randint", "quniform"))

    assert len(found) == len({json.dumps(one) for one in found}) == 4 * 4 * 5
    assert [one["quniform"] for one in found[:6]] == [1, 1.5, 2, 2.5, 3, 1]


def test_a_grid_needs_values_that_can_be_listed() -> None:
    with pytest.raises(SweepError, match=r"search_space\.uniform: grid sampling cannot list.*randint"):
        list(chosen("grid", "uniform"))


@pytest.mark.parametrize(
    ("parameter", "problem"),
    [
        ({"type": "triangle"}, "type 'triangle' is not known; allowed: choice, lognormal"),
        ({"type": "choice", "values": []}, "at least one value"),
        ({"type": "choice", "values": [[1]]}, "[1] is not a value; allowed: a text, a number, a boolean"),
        ({"type": "choice", "values": [{}]}, "a value of the choice is an empty mapping"),
        ({"type": "uniform", "min_value": 2, "max_value": 1}, "min_value 2 must be less than max_value 1"),
        ({"type": "uniform", "min_value": 2}, "max_value is None; it must be a number"),
        ({"type": "normal", "mu": 0, "sigma": 0}, "sigma is 0"),
        ({"type": "quniform", "min_value": 0, "max_value": 1, "q": 0}, "q is 0"),
        ({"type": "randint", "upper": 0}, "upper is 0"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_a_wrong_parameter_is_named(parameter: dict[str, Any], problem: str) -> None:
    with pytest.raises(SweepError, match=r"search_space\.p: ") as raised:
        read_space({"p": parameter})

    assert problem in str(raised.value)


NESTED: dict[str, Any] = {
    "model": {
        "type": "choice",
        "values": [
            "none",
            {"name": "svm", "C": {"type": "uniform", "min_value": 1, "max_value": 2}},
            {"name": "tree", "depth": {"type": "choice", "values": [2, {"least": {"type": "randint", "upper": 3}}]}},
        ],
    },
    "rate": {"type": "uniform", "min_value": 5, "max_value": 6},
}


def test_a_value_of_a_choice_can_have_parameters_of_its_own() -> None:
    one = Sampling(space=read_space(NESTED), algorithm="random", seed=3, maximize=False)

    found = [dict(point.parameters) for number in range(200) if (point := one.point(number, []))]

    assert all(5 <= cast("float", point["rate"]) <= 6 for point in found)
    models = [point["model"] for point in found]
    vectors = [model for model in models if isinstance(model, dict) and model["name"] == "svm"]
    assert len(vectors) > 30
    assert all(list(model) == ["name", "C"] and 1 <= model["C"] <= 2 for model in vectors)
    depths = [model["depth"] for model in models if isinstance(model, dict) and model["name"] == "tree"]
    assert {json.dumps(depth) for depth in depths} == {"2", *(json.dumps({"least": least}) for least in range(3))}
    assert "none" in models


def test_the_coordinates_of_a_nested_choice_belong_to_its_value() -> None:
    assert [(one.choices, one.needs) for one in coordinates_of(read_space(NESTED))] == [
        (3, None), (0, (0, 1)), (2, (0, 2)), (0, (2, 1)), (0, None)
    ]  # fmt: skip


def test_a_grid_has_all_values_of_a_nested_choice_and_needs_values_that_can_be_listed() -> None:
    branches = [{"a": 1, "b": {"type": "choice", "values": ["x", "y"]}}, {"a": {"type": "randint", "upper": 2}}]
    space = read_space({"p": {"type": "choice", "values": branches}})
    one = Sampling(space=space, algorithm="grid", seed=3, maximize=False)

    found = [point.parameters["p"] for number in range(9) if (point := one.point(number, []))]

    assert found == [{"a": 1, "b": "x"}, {"a": 1, "b": "y"}, {"a": 0}, {"a": 1}]
    with pytest.raises(SweepError, match=r"search_space\.model: grid sampling cannot list"):
        grid_size(read_space(NESTED))


def test_a_nested_space_is_the_same_when_it_is_read_from_a_record() -> None:
    space = read_space(NESTED)

    assert [parameter_of(one) for one in json.loads(json.dumps([asdict(one) for one in space]))] == list(space)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("run ${{search_space.p}}", 'run \'{"a": "it\'"\'"\'s $1"}\''),
        ("run '${{search_space.p}}'", "run '{\"a\": \"it'\\''s $1\"}'"),
        ('run "${{search_space.p}}"', 'run "{\\"a\\": \\"it\'s \\$1\\"}"'),
    ],
    ids=["no quotes", "single quotes", "double quotes"],
)
def test_a_mapping_is_one_word_of_json_in_a_command(command: str, expected: str) -> None:
    made = BINDING.sub(lambda found: in_command(found, {"a": "it's $1"}), command)

    assert made == expected
    shell = subprocess.run(["bash", "-c", f'run() {{ printf %s "$#$1"; }}; {made}'], capture_output=True, check=True)
    assert shell.stdout.decode() == '1{"a": "it\'s $1"}'


def test_parameters_of_a_mapping_have_one_name_each() -> None:
    assert flat({"p": {"a": 1, "b": {"c": "x"}}, "q": 2}) == {"p.a": 1, "p.b.c": "x", "q": 2}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, ("random", None)),
        ("Bayesian", ("bayesian", None)),
        ({"type": "random", "rule": "sobol", "seed": 3}, ("sobol", 3)),
        ({"type": "grid"}, ("grid", None)),
    ],
    ids=["none", "name", "sobol", "grid"],
)
def test_algorithms_are_named_as_in_azure(given: object, expected: tuple[str, int | None]) -> None:
    assert read_algorithm(given) == expected


def test_an_unknown_algorithm_is_refused() -> None:
    with pytest.raises(SweepError, match="sampling_algorithm is 'guess'; allowed: random, grid, bayesian"):
        read_algorithm("guess")


def test_a_program_that_fails_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PackageFolder, "ensure", lambda _self, _report: tmp_path)
    one = Sampling(space=read_space(document("uniform")), algorithm="bayesian", seed=1, maximize=False)

    with pytest.raises(SweepError, match=r"(?s)trial 0: the program .* exit code 1.*No module named 'optuna'"):
        one.point(0, [PastTrial(coordinates=(0.5,), score=1.0, is_running=False)])
