"""What the values of a last softmax stand for."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgecli.errors import NetworkError
from edgecli.networks.files import dump_network, load_network
from edgecli.networks.layers import Activation, Convolution, Dense, Flatten, Layer
from edgecli.networks.maps import Likelihood, likeliest
from edgecli.networks.network import Network
from edgecli.records import replace
from tests.networks_reference import chain

SOFTMAX = chain((1, 2, 2), Flatten(), Dense(4, activation="softmax"))
NAMED = replace(SOFTMAX, classes=("cat", "dog", "hen", "owl"))


@pytest.mark.parametrize(
    ("layers", "classes"),
    [
        ([Flatten(), Dense(4, activation="softmax")], True),
        ([Flatten(), Activation("softmax")], True),
        ([Flatten(), Dense(4)], False),
        ([Flatten(), Dense(4, activation="sigmoid")], False),
        ([Convolution(4, (1, 1), activation="softmax")], False),  # classes of every pixel
    ],
)
def test_a_softmax_over_a_vector_ends_in_classes(layers: list[Layer], *, classes: bool) -> None:
    assert chain((1, 2, 2), *layers).ends_in_classes is classes


def test_the_three_likeliest_come_first_to_last() -> None:
    assert likeliest(NAMED, (0.1, 0.5, 0.05, 0.35)) == (
        Likelihood("dog", 0.5), Likelihood("owl", 0.35), Likelihood("cat", 0.1),
    )  # fmt: skip


def test_classes_without_a_name_are_numbers() -> None:
    assert [one.name for one in likeliest(SOFTMAX, (0.1, 0.5, 0.05, 0.35))] == ["1", "3", "0"]


def test_other_networks_have_none() -> None:
    assert likeliest(chain((1, 2, 2), Flatten(), Dense(2)), (0.5, 0.5)) == ()


@pytest.mark.parametrize(
    ("classes", "said"),
    [
        (("a",), "1 classes are named, and the last layer has 4 values; name one for each"),
        (("a", "b", "c", " "), "class ' ' is no name"),
        (("a", "b", "c", "d\n"), r"class 'd\\n' is no name"),
        (("a", "b", "c", "d" * 71), "is no name; write 1 to 70 letters"),
    ],
)
def test_names_that_do_not_fit(classes: tuple[str, ...], said: str) -> None:
    with pytest.raises(NetworkError, match=said):
        replace(SOFTMAX, classes=classes)


def test_a_file_keeps_the_names(tmp_path: Path) -> None:
    path = tmp_path / "pets.toml"
    path.write_text(dump_network(NAMED), encoding="utf-8")
    read: Network = load_network(path)
    assert read.classes == NAMED.classes
