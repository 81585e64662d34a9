"""Filters as JSON: what is understood, and how every mistake is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.filter_files import load_text, refusal


@pytest.mark.parametrize(
    ("weight", "shape"),
    [("[[1, 2]]", (1, 1, 1, 2)), ("[[[1]], [[2]]]", (1, 2, 1, 1)), ("[[[[1]]],[[[2]]]]", (2,))],
)
def test_json_weights_have_2_3_or_4_dimensions(
    tmp_path: Path, weight: str, shape: tuple[int, ...]
) -> None:
    bank = load_text(tmp_path, f'{{"weight": {weight}}}')
    assert bank.shape[: len(shape)] == shape
    assert bank.weight.ravel().tolist() == [1, 2]
    assert not bank.has_bias


def test_json_names_and_biases(tmp_path: Path) -> None:
    one = load_text(tmp_path, '\ufeff {"name": "a", "bias": 0, "weight": [[1]]}')
    assert (one.names, one.bias.tolist(), one.has_bias) == (("a",), [0], True)
    pair = '"weight": [[[[1]]], [[[2]]]], "names": ["a", "b"]'
    assert load_text(tmp_path, f'{{{pair}, "bias": [3, 4]}}').bias.tolist() == [3, 4]
    assert load_text(tmp_path, f'{{{pair}, "bias": 3}}').bias.tolist() == [3, 3]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"weight": [[1,\n 2}', ", line 2, column 3: not JSON: Expecting ',' delimiter"),
        (
            '{"weight":\r\n [[1, 0],\r\n  [1, "x"]]}',
            ", line 3, column 7: '\"x\"' is not a number; write numbers without quotes",
        ),
        ('{"bias": [2], "weight": [[true]]}', ", line 1, column 27: 'true' is not a number"),
        ('{"weight": [[1, NaN]]}', ", line 1, column 17: nan is not finite"),
        ('{"weight": [[1e999]]}', ", line 1, column 14: inf is not finite"),
        (f'{{"weight": [[{"9" * 5000}]]}}', ", line 1, column 14: inf is not finite"),
        (
            '{"weight": [[1, 2],\n[3]]}',
            ", line 2, column 1: a list of 1 where the first of the list is a list of 2; "
            "make all of them alike",
        ),
        ('{"weight": [[1], 2]}', ", line 1, column 18: a number where the first of the list is"),
        ('{"weight": [[]]}', ", line 1, column 13: the list is empty"),
        ('{"weight": [1]}', ": weights of 1 dimensions; write 2 (a kernel), 3"),
        ('{"weight": [[[[[1]]]]]}', ", line 1, column 16: lists in lists go 4 deep, no deeper"),
        ('{"weight": 3}', ", line 1, column 12: the weight is a list of rows of numbers"),
        ('{"wait": [[1]]}', ', line 1, column 1: write an object with a "weight"'),
        (
            '{"weight": [[1]], "scale": 9}',
            ", line 1, column 28: 'scale' is not known; the keys are weight, bias, names, name",
        ),
        ('{"weight": [[1]], "names": "a"}', ", line 1, column 28: names is a list of texts"),
        ('{"weight": [[1]], "name": null}', ", line 1, column 27: name is a text in quotes"),
        ('{"weight": [[1]], "name": "a", "names": ["a"]}', ", line 1, column 27: write either"),
        ('{"weight": [[1]], "names": []}', ": 0 names for 1 filter"),
        ('{"weight": [[1]], "name": "\\ud800"}', ": a filter's name is one line of printable"),
        ('{"weight": [[1]], "bias": null}', ", line 1, column 27: 'null' is not a number"),
        ('{"weight": [[1]], "bias": [1, 2]}', ": a filter bank has one bias per filter, 1 in all"),
        ('{"weight": ' + "[" * 100_000, ": nested too deeply; weights have up to 4 dimensions"),
    ],
)
def test_a_mistake_in_json_is_named_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    assert refusal(tmp_path, text).startswith(f"filter file k.txt{message}")
