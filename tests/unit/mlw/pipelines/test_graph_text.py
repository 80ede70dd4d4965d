"""Pictures of graphs."""

from mlw.pipelines.graph_text import DrawnStep, draw


def test_a_step_is_drawn_below_the_one_that_it_waits_for_longest() -> None:
    steps = [
        DrawnStep(name="prepare", notes=("Completed", "reused")),
        DrawnStep(name="train", after=["prepare"], notes=("Failed",)),
        DrawnStep(name="explain", after=["train"]),
        DrawnStep(name="score", after=["prepare", "train"]),
        DrawnStep(name="alone"),
    ]

    assert draw(steps) == [
        "prepare                  Completed  reused",
        "└─ train                 Failed",
        "   ├─ explain",
        "   └─ score (+ prepare)",
        "alone",
    ]


def test_no_steps_draw_nothing() -> None:
    assert draw([]) == []
