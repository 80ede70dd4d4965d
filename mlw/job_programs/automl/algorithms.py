"""Azure's names of algorithms, and the learners of FLAML that they are.

Read by the command line too, which refuses what has no learner before anything runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

CLASSIFICATION, REGRESSION = "classification", "regression"

_OF_BOTH: Mapping[str, tuple[str, ...]] = {
    "light_gbm": ("lgbm",),
    "random_forest": ("rf",),
    "extreme_random_trees": ("extra_tree",),
    "gradient_boosting": ("histgb",),
    "knn": ("kneighbor",),
    "sgd": ("sgd",),
}
LEARNERS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    CLASSIFICATION: {
        **_OF_BOTH,
        "xg_boost_classifier": ("xgboost", "xgb_limitdepth"),
        "logistic_regression": ("lrl1", "lrl2"),
        "linear_svm": ("svc",),
    },
    REGRESSION: {
        **_OF_BOTH,
        "xg_boost_regressor": ("xgboost", "xgb_limitdepth"),
        "elastic_net": ("enet",),
        "lasso_lars": ("lassolars",),
    },
}
"""Task to algorithm to learners."""

DEFAULT: Mapping[str, tuple[str, ...]] = {
    CLASSIFICATION: ("lgbm", "lrl1", "xgboost", "extra_tree", "rf", "xgb_limitdepth"),
    REGRESSION: ("lgbm", "xgboost", "extra_tree", "rf", "xgb_limitdepth", "enet"),
}
"""Learners of a task whose document chooses none, in the order of their first trials."""

_MISSING: Mapping[str, tuple[str, ...]] = {
    CLASSIFICATION: ("bernoulli_naive_bayes", "decision_tree", "multinomial_naive_bayes", "svm"),
    REGRESSION: ("decision_tree",),
}


def normal(name: str) -> str:
    """Azure's name in snake case, whichever case the file uses."""
    known = {*LEARNERS[CLASSIFICATION], *LEARNERS[REGRESSION], *_MISSING[CLASSIFICATION]}
    return next((one for one in known if one.replace("_", "") == name.replace("_", "").lower()), name)


def learners(task: str, allowed: Iterable[str], blocked: Iterable[str]) -> tuple[str, ...]:
    """Learners that may be tried; empty if none is left."""
    table = LEARNERS[task]
    chosen = [one for name in map(normal, allowed) for one in table.get(name, ())] or list(DEFAULT[task])
    left_out = {one for name in map(normal, blocked) for one in table.get(name, ())}
    return tuple(dict.fromkeys(one for one in chosen if one not in left_out))


def missing(task: str, names: Iterable[str]) -> list[str]:
    """Algorithms that no learner is known for."""
    return [name for name in names if normal(name) not in LEARNERS[task]]


def azures_name(task: str, learner: str) -> str:
    """Azure's name of a learner."""
    return next((name for name, found in LEARNERS[task].items() if learner in found), learner)
