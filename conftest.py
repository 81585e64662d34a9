"""What is not collected where torch is absent: the doctests of the modules that train in it."""

from importlib.util import find_spec

collect_ignore = (
    []
    if find_spec("torch")
    else [
        *(f"edgecli/training/{name}.py" for name in ("edges", "model", "reading", "train")),
        "tests/test_training_digits_torch.py",
        "tests/test_training_torch.py",
    ]
)
