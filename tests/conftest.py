"""What many tests use: the command line in-process, images on disk, golden files."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Generator, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import hypothesis
import numpy as np
import pytest
from click.testing import CliRunner, Result
from numpy.typing import NDArray
from PIL import Image

from edgecli.cli import main
from edgecli.conv import products
from edgecli.conv.plan import plan_convolution
from tests.elsewhere import nearby

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
TORCH, EZDXF, ONNX = (find_spec(name) is not None for name in ("torch", "ezdxf", "onnxruntime"))
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)

BROWSING = [
    "browsers.py", "test_pages_gallery_browser.py", "test_pages_lesson_browser.py",
    "test_pages_tuner_browser.py",
]  # fmt: skip

collect_ignore: list[str] = []
"""Torch is gigabytes, a browser no package of Python: what needs them is collected beside them."""

if not ONNX:
    collect_ignore += ["onnx_networks.py"]
if not TORCH:
    collect_ignore += ["torch_networks.py"]
    collect_ignore_glob = ["test_*_torch.py"]
if CHROMIUM is None:
    collect_ignore += BROWSING
    if os.environ.get("EDGECLI_NEED_BROWSER"):  # .ci/run sees to it that there is one
        raise pytest.UsageError("EDGECLI_NEED_BROWSER is set, but there is no chromium on PATH")

os.environ["EDGECLI_CONFIG"] = ""  # whoever runs the tests may have defaults of their own

# What a shell starts in the background ignores these, and so would the commands under test.
for number, handler in (
    (signal.SIGINT, signal.default_int_handler),
    (getattr(signal, "SIGHUP", signal.SIGINT), signal.SIG_DFL),
):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, handler)

GOLDEN = Path(__file__).parent / "golden"
SAMPLES = Path(__file__).parent.parent / "sample_images"

# Drawn from a fixed seed, without a clock: every run of the tests is the same. For a longer look:
# pytest --hypothesis-profile=thorough.
hypothesis.settings.register_profile(
    "edgecli", derandomize=True, deadline=None, database=None, max_examples=40
)
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=1000)
hypothesis.settings.load_profile("edgecli")


class Run(Protocol):
    """Runs the command line and returns exit code, standard output and standard error."""

    def __call__(self, *args: str | Path, stdin: bytes = b"") -> Result: ...


class Refuse(Protocol):
    """Runs the command line, which must fail in one clear line, and returns that line."""

    def __call__(self, *args: str | Path, code: int, stdin: bytes = b"") -> str: ...


Save = Callable[[str, Any], Path]
Golden = Callable[[str, str], None]


@pytest.hookimpl(wrapper=True)
def pytest_collect_file() -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """Look for examples in ``edgecli/`` alone: it imports each file that it looks into."""
    return [found for found in (yield) if type(found) is pytest.Module]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was left out: unlike a line of the header, this is printed with ``-q`` as well."""
    if CHROMIUM is None:
        terminalreporter.line(f"no chromium on PATH: left out {', '.join(BROWSING)}")
    if not EZDXF:
        terminalreporter.line("no ezdxf: tests/test_strokes_files_ezdxf.py was left out")
    if not TORCH:
        terminalreporter.line("no torch: tests that compare with it were left out")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--refresh-golden", action="store_true", help="write tests/golden/ anew")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Lend a browser to the tests of a page; theirs have no page of another's."""
    from tests.browsers import chromium  # which needs a package that others do without

    with chromium() as browser:
        yield browser


@pytest.fixture
def run() -> Run:
    def invoke(*args: str | Path, stdin: bytes = b"") -> Result:
        with nearby():
            return CliRunner().invoke(main, [str(arg) for arg in args], input=stdin)

    return invoke


@pytest.fixture
def refuse(run: Run) -> Refuse:
    def invoke(*args: str | Path, code: int, stdin: bytes = b"") -> str:
        result = run(*args, stdin=stdin)
        lines = result.stderr.splitlines()
        assert (result.exit_code, len(lines)) == (code, 1), result.output
        assert lines[0].startswith("edgecli: ")
        assert "internal error" not in lines[0]
        assert result.stdout_bytes == b""
        return lines[0].removeprefix("edgecli: ")

    return invoke


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Write an array ``(H, W)`` or ``(H, W, C)`` as NPY, CSV or by Pillow."""

    def write(name: str, array: Any) -> Path:
        path = tmp_path / name
        pixels = np.asarray(array)
        match path.suffix:
            case ".npy":
                np.save(path, pixels)
            case ".csv":
                np.savetxt(path, pixels, "%g", ",")
            case _:
                Image.fromarray(pixels).save(path)
        return path

    return write


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compare a text with a file of tests/golden/, or write the file with --refresh-golden."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--refresh-golden"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        assert text == path.read_text(encoding="utf-8")

    return compare


def noise(*shape: int, seed: int = 0) -> NDArray[np.uint8]:
    """Return random 8-bit pixels, the same for the same seed."""
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


@pytest.fixture
def rows_alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let every product compute the rows that it is asked for and no more, as with AVX-512."""
    monkeypatch.setattr(products, "packs_products", lambda: False)
    plan_convolution.cache_clear()
    yield
    plan_convolution.cache_clear()
