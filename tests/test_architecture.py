"""The house: who imports whom, what loads late, and which names are public."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import edgecli
from tests.conftest import SAMPLES

PACKAGE = Path(edgecli.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

ORDER = [
    "errors", "records", "numerals", "geometry", "rows", "filters", "conv", "images", "networks",
    "paint", "lines", "strokes", "operators", "detect", "code", "batch", "evaluate", "reports",
    "lessons", "pages", "cli", "training",
]  # fmt: skip
"""Each part imports only from itself and from the parts before it."""

ALLOWED = {"numpy", "PIL", "click", "rich", "edgecli"} | sys.stdlib_module_names
EXTRAS = {
    "batch/cluster.py": {"distributed"},
    "evaluate/matching.py": {"scipy"},
    "evaluate/merit.py": {"scipy"},
    "evaluate/truths.py": {"scipy"},
}
"""What single modules may import beside, where an extra of the package was installed."""


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def module_of(path: Path) -> str:
    """Return a module's name; that of a package for its ``__init__``."""
    name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    return name.removesuffix(".__init__")


def modules_imported(path: Path) -> Iterator[str]:
    """Yield the modules of the package that a file imports names from."""
    modules = {module_of(other) for other in FILES}
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.ImportFrom) and node.module in modules:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in modules else str(node.module)


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports(path: Path) -> frozenset[str]:
    """Return every module that a file imports anywhere, even where it does so late."""
    return frozenset(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def named(files: list[Path]) -> list[str]:
    return [path.relative_to(PACKAGE).as_posix() for path in files]


def importers_of(library: str) -> set[str]:
    found = [path for path in FILES if any(name.split(".")[0] == library for name in imports(path))]
    return set(named(found))


def test_dataclasses_are_records_everywhere() -> None:
    names = {f"dataclasses.{name}" for name in ("dataclass", "field", "replace")}
    assert named([path for path in FILES if imports(path) & names]) == ["records.py"]


def test_every_part_has_its_place() -> None:
    parts = {part_of(path) for path in FILES} - {"__init__", "__main__"}
    assert parts <= set(ORDER)


def test_parts_import_only_what_stands_before_them() -> None:
    for path in FILES:
        own = part_of(path)
        known = ORDER if own in ("__init__", "__main__") else ORDER[: ORDER.index(own) + 1]
        for name in imports(path):
            words = name.split(".")
            if words[0] == "edgecli" and len(words) > 1:
                assert words[1] in (*known, "__version__"), f"{path} imports {name}"


def test_no_module_imports_itself_in_a_circle() -> None:
    """Not even late, within a function: Kahn's sorting takes away what imports nothing left."""
    waiting = {module_of(path): set(modules_imported(path)) for path in FILES}
    del waiting["edgecli"]  # which loads nothing before it is asked for
    while free := {name for name, needed in waiting.items() if not needed & waiting.keys()}:
        waiting = {name: needed for name, needed in waiting.items() if name not in free}
    assert not waiting, f"circles among {sorted(waiting)}"


def test_only_numpy_pillow_click_and_rich_are_needed() -> None:
    for path in FILES:
        extras = EXTRAS.get(path.relative_to(PACKAGE).as_posix(), set())
        if part_of(path) == "training":
            extras = {"torch"}
        others = {name.split(".")[0] for name in imports(path)} - ALLOWED - extras
        assert not others, f"{path} imports {others}"


def test_pillow_is_known_to_images_alone_and_to_the_drawing_of_scenes() -> None:
    assert {name.split("/")[0] for name in importers_of("PIL")} == {"images", "training"}


def test_torch_is_known_to_the_training_alone() -> None:
    names = "__main__", "edges", "model", "reading", "train"
    assert importers_of("torch") == {f"training/{name}.py" for name in names}


def test_nothing_else_knows_the_training() -> None:
    for path in FILES:
        if part_of(path) != "training":
            assert not any(name.startswith("edgecli.training") for name in imports(path)), path


def test_click_is_known_to_the_command_line_alone() -> None:
    assert {name.split("/")[0] for name in importers_of("click")} == {"cli"}


def test_rich_is_known_to_the_display_alone() -> None:
    assert importers_of("rich") <= {"reports/display.py", "cli/bar.py"}
    assert "reports/display.py" in importers_of("rich")


def test_files_and_functions_fit_on_a_screen() -> None:
    for path in FILES:
        assert path.read_text(encoding="utf-8").count("\n") < 400, path
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                documented = ast.get_docstring(node) is not None
                body = node.body[documented:] or node.body
                lines = (node.body[-1].end_lineno or 0) - body[0].lineno + 1
                assert lines <= 40, f"{path}: {node.name} has {lines} lines"


def test_files_of_tests_are_no_longer() -> None:
    for path in Path(__file__).parent.rglob("*.py"):
        assert path.read_text(encoding="utf-8").count("\n") <= 400, path


# --- what loads when ----------------------------------------------------------------------------

HEAVY = ("numpy", "PIL", "rich", "click", "edgecli.strokes")
"""What takes time to load, and is not always needed."""


def loaded(code: str, *args: str, stdout: int = subprocess.PIPE) -> set[str]:
    """Run Python code with a command line; return what of HEAVY was loaded."""
    report = f"print(*[m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)"
    program = f"import atexit, sys\natexit.register(lambda: {report})\n{code}"
    done = subprocess.run(
        [sys.executable, "-c", program, *args],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    )
    return set(done.stderr.split())


RUN = "from edgecli.cli import main; main(sys.argv[1:], prog_name='edgecli')"


def test_importing_edgecli_loads_nothing_heavy() -> None:
    assert loaded("import edgecli") == set()


@pytest.mark.parametrize("flag", ["--help", "--version"])
def test_help_loads_click_alone(flag: str) -> None:
    assert loaded(RUN, flag) == {"click"}


def test_no_report_to_a_pipe_loads_rich(tmp_path: Path) -> None:
    args = ["detect", str(SAMPLES / "grid-6x6.csv"), "-o", str(tmp_path / "x.png"), "--report"]
    runs = [[*args, report] for report in ("table", "json", "csv", "markdown", "none")]
    code = f"from edgecli.cli import main\nfor args in {runs}: main(args, standalone_mode=False)"
    assert loaded(code) == {"click", "numpy"}


@pytest.mark.parametrize(("name", "strokes"), [("x.png", set()), ("x.svg", {"edgecli.strokes"})])
def test_only_strokes_load_what_draws_them(name: str, strokes: set[str], tmp_path: Path) -> None:
    args = ("detect", str(SAMPLES / "shapes.png"), "-f", "canny:2", "-o", str(tmp_path / name))
    assert loaded(RUN, *args) == {"click", "numpy", "PIL", *strokes}


def test_a_table_on_a_terminal_loads_rich(tmp_path: Path) -> None:
    page = str(SAMPLES / "grid-6x6.csv")
    screen, terminal = os.openpty()
    with os.fdopen(screen, "rb"), os.fdopen(terminal, "wb"):
        args = ("detect", page, "-o", str(tmp_path / "x.png"))
        assert loaded(RUN, *args, stdout=terminal) == {"click", "numpy", "rich"}


def test_no_public_name_loads_pillow() -> None:
    assert "PIL" not in loaded("from edgecli import *")


# --- public names -------------------------------------------------------------------------------


def test_the_public_names() -> None:
    assert sorted(edgecli.__all__) == [
        "EdgeCliError", "EdgeCliWarning", "FilterBank", "convolve", "detect_edges",
        "find_strokes", "load_filter", "load_network", "plan_convolution",
    ]  # fmt: skip
    for name in edgecli.__all__:
        assert getattr(edgecli, name).__doc__
        assert name in dir(edgecli)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'edgecli' has no attribute 'detect_edge'"):
        _ = edgecli.detect_edge


def test_the_package_says_that_it_is_typed() -> None:
    assert (PACKAGE / "py.typed").exists()
