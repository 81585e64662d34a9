"""What options mean where little or nothing was written."""

from __future__ import annotations

import pytest

from edgecli.cli.options import Options
from edgecli.cli.reporting import Reporting
from edgecli.cli.request import make_request
from edgecli.detect.inputs import Limits
from edgecli.detect.outputs import Target
from edgecli.detect.settings import Settings
from edgecli.errors import UsageError
from edgecli.records import replace


def test_what_is_not_written_is_as_the_settings_have_it() -> None:
    request = make_request(Options())
    assert replace(request.settings, operators=()) == Settings(())
    assert [operator.name for operator in request.settings.operators] == ["sobel"]
    assert (request.target, request.limits) == (Target(numbers=True), Limits())
    assert request.reporting == Reporting("table", None, brief=True)


def test_operators_that_run_apart_are_checked_apart() -> None:
    options = Options(filters=("contours", "sobel"), scales="0.5")
    with pytest.raises(UsageError, match="made alone"):
        make_request(options)
    shared = make_request(replace(options, grid=True))
    assert shared.settings.operators == ()
    assert shared.tiles is not None
    assert [len(tile.operators) for tile in shared.tiles.asked] == [1, 1]
    with pytest.raises(UsageError, match="drop --scales"):
        replace(shared.settings, operators=shared.tiles.asked[1].operators)


@pytest.mark.parametrize(
    ("options", "reporting"),
    [
        (Options(report_file="x.JSONL"), Reporting("json", "x.JSONL")),
        (Options(report_file="x.md", report="csv"), Reporting("csv", "x.md")),
        (Options(report_file="x", quiet=True), Reporting("table", "x", quiet=True)),
        (Options(report_file="-", quiet=True), Reporting("none", None, quiet=True)),
        (Options(quiet=True, report="json"), Reporting("json", None, quiet=True)),
    ],
)
def test_the_report_is_as_asked_or_as_its_file_is_named(
    options: Options, reporting: Reporting
) -> None:
    assert make_request(options).reporting == reporting
