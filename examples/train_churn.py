"""Trains a small model on made-up customers, and logs everything to MLflow.

The program needs `pip install mlflow`, and knows nothing of a workspace: MLflow's client finds the address and the
login in the environment. It runs the same with any other tracking server, or with none:

    mlw run dev --experiment-name churn -- python examples/train_churn.py --learning-rate 0.5
"""

import argparse
import json
import math
import random
from collections.abc import Sequence

import mlflow

Customer = tuple[tuple[float, float, float], int]


def customers(count: int, seed: int) -> list[Customer]:
    """Months as a customer, price and calls to support, each from 0 to 1; and whether the customer left."""
    chance = random.Random(seed)  # noqa: S311 - an example, not a secret
    found = []
    for _ in range(count):
        months, price, calls = chance.random(), chance.random(), chance.random()
        left = 2.5 * price + 3.0 * calls - 4.0 * months + chance.gauss(0.0, 0.4) > 1.0
        found.append(((months, price, calls), int(left)))
    return found


def probability(weights: Sequence[float], features: Sequence[float]) -> float:
    """Estimate how probable it is that a customer leaves."""
    total = weights[0] + sum(weight * value for weight, value in zip(weights[1:], features, strict=True))
    return 1.0 / (1.0 + math.exp(-total))


def main() -> None:
    """Train, and log parameters, metrics of every epoch, and the weights."""
    parser = argparse.ArgumentParser(description="Train a model of customers who leave.")
    parser.add_argument("--learning-rate", type=float, default=0.1)
    parser.add_argument("--epochs", type=int, default=20)
    given = parser.parse_args()
    known, unseen = customers(400, seed=1), customers(200, seed=2)
    weights = [0.0, 0.0, 0.0, 0.0]

    with mlflow.start_run(run_name=f"rate-{given.learning_rate:g}"):
        mlflow.log_params({"learning_rate": given.learning_rate, "epochs": given.epochs})
        accuracy = 0.0
        for epoch in range(given.epochs):
            loss = 0.0
            for features, left in known:
                error = probability(weights, features) - left
                loss += error * error / len(known)
                for index, value in enumerate((1.0, *features)):
                    weights[index] -= given.learning_rate * error * value
            right = sum((probability(weights, features) > 0.5) == bool(left) for features, left in unseen)  # noqa: PLR2004 - half
            accuracy = right / len(unseen)
            mlflow.log_metrics({"loss": loss, "accuracy": accuracy}, step=epoch)
        mlflow.log_text(json.dumps(weights), "model/weights.json")
    print(f"accuracy: {accuracy:.3f}")


if __name__ == "__main__":
    main()
