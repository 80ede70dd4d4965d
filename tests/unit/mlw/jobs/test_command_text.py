import pytest

from mlw.jobs.command_text import CommandTextError, resolve


def test_bindings_become_values_and_paths() -> None:
    command = "python train.py --depth ${{inputs.depth}} --out ${{ outputs.model }} ${{inputs.data.path}}"

    text = resolve(command, {"depth": "5", "data": "/in/data"}, {"model": "/out/model"}, job="j")

    assert text == "python train.py --depth 5 --out /out/model /in/data"


@pytest.mark.parametrize(
    ("value", "expected"), [("7", "train --seed 7 end"), (None, "train  end")], ids=["given", "missing"]
)
def test_optional_text_is_kept_only_with_a_value(value: str | None, expected: str) -> None:
    assert resolve("train $[[--seed ${{inputs.seed}}]] end", {"seed": value}, {}, job="j") == expected


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("a ${{inputs.dept}}", r"no such input\. Did you mean 'depth'\?"),
        ("a ${{outputs.model}}", r"no such output\. Outputs: none"),
        ("a ${{inputs.seed}}", r"input 'seed' is optional and has no value"),
        ("a ${{search_space.x}}", r"'\$\{\{search_space\.x\}\}' is not a binding"),
    ],
    ids=["misspelt", "no-output", "optional-without-brackets", "other"],
)
def test_a_binding_that_cannot_be_replaced_is_an_error(command: str, message: str) -> None:
    with pytest.raises(CommandTextError, match=message):
        resolve(command, {"depth": "5", "seed": None}, {}, job="j")
