"""Chooses coordinates with Optuna and SciPy: run in a process of its own, with a folder of packages as only packages.

It reads one request a line, as JSON, and writes one response a line. It keeps nothing between requests: each has all
earlier trials, so that a new process continues where another one ended.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any


def sobol(request: Mapping[str, Any]) -> list[float]:
    """The point of a scrambled Sobol sequence with the number of the trial."""
    from scipy.stats import qmc  # noqa: PLC0415 - from the folder of packages

    sequence = qmc.Sobol(len(request["choices"]), scramble=True, rng=request["seed"])
    if request["number"]:
        sequence.fast_forward(request["number"])
    return [float(one) for one in sequence.random(1)[0]]


def bayesian(request: Mapping[str, Any]) -> list[float]:
    """What a tree-structured Parzen estimator chooses after all earlier trials; those that run are counted as bad."""
    import optuna  # noqa: PLC0415 - likewise

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    choices, needs = request["choices"], request["needs"]

    def counts(place: int, chosen: Mapping[int, Any]) -> bool:
        """Whether a coordinate belongs to what has been chosen."""
        return not needs[place] or chosen.get(needs[place][0]) == needs[place][1]

    space: dict[str, Any] = {
        str(place): optuna.distributions.CategoricalDistribution(range(count))
        if count
        else optuna.distributions.FloatDistribution(0, 1)
        for place, count in enumerate(choices)
    }
    sampler = optuna.samplers.TPESampler(seed=request["seed"] + request["number"], constant_liar=True)
    study = optuna.create_study(direction="maximize" if request["maximize"] else "minimize", sampler=sampler)
    states = optuna.trial.TrialState
    for one in request["past"]:
        score = one["score"]
        ended = states.FAIL if score is None else states.COMPLETE
        params: dict[int, Any] = {}
        for place, coordinate in enumerate(one["coordinates"]):
            if counts(place, params):
                count = choices[place]
                params[place] = min(int(coordinate * count), count - 1) if count else coordinate
        study.add_trial(
            optuna.trial.create_trial(
                state=states.RUNNING if one["is_running"] else ended,
                value=None if one["is_running"] else score,
                params={str(place): value for place, value in params.items()},
                distributions={str(place): space[str(place)] for place in params},
            )
        )
    asked, found = study.ask(), dict[int, Any]()
    for place, count in enumerate(choices):
        if counts(place, found):
            name = str(place)
            found[place] = asked.suggest_categorical(name, range(count)) if count else asked.suggest_float(name, 0, 1)
    return [
        (found.get(place, 0) + 0.5) / count if count else float(found.get(place, 0))
        for place, count in enumerate(choices)
    ]


def main() -> None:
    """Serve requests until the input ends."""
    import warnings  # noqa: PLC0415 - only here

    warnings.simplefilter("ignore")
    sys.path.insert(0, sys.argv[1])
    chosen_by = {"sobol": sobol, "bayesian": bayesian}
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(chosen_by[request["algorithm"]](request)), flush=True)


if __name__ == "__main__":
    main()
