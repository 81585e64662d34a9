"""What is not collected where torch is absent: the doctests of the modules that train in it."""

from importlib.util import find_spec

collect_ignore = (
    []
    if find_spec("torch")
    else ["edgecli/training/model.py", "edgecli/training/train.py", "tests/test_training_torch.py"]
)
