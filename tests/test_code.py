"""Scripts for other libraries: each is run, and makes what ``detect`` makes."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from numpy.typing import NDArray
from PIL import Image

from edgecli.cli import main
from tests.conftest import SAMPLES

MODULES = {
    "opencv": "cv2", "scikit-image": "skimage", "scipy": "scipy", "torch": "torch", "pillow": "PIL",
}  # fmt: skip
INSTALLED = [library for library, module in MODULES.items() if find_spec(module)]
SLIDING = [library for library in INSTALLED if library in ("opencv", "scipy", "torch")]

MODES = ["zeros", "constant:70", "replicate", "reflect", "symmetric", "circular"]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(7)
    Image.fromarray(rng.integers(0, 256, (13, 17, 3), np.uint8)).save(folder / "noise.png")
    deep = rng.integers(0, 65536, (9, 12)).astype(np.uint16)
    Image.fromarray(deep).save(folder / "deep.png")
    np.save(folder / "floats.npy", rng.random((9, 12), np.float32))
    shutil.copy(SAMPLES / "grid-6x6.csv", folder / "grid.csv")
    with Image.open(SAMPLES / "building.jpg") as photo:
        turned = photo.resize((60, 40))
    exif = Image.Exif()
    exif[0x0112] = 6
    turned.save(folder / "turned.jpg", exif=exif)
    return folder


@pytest.fixture(autouse=True)
def among_pictures(pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder that has copies of the pictures, and of nothing else."""
    shutil.copytree(pictures, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)


def invoke(*words: str) -> Result:
    """Run a command, which fails in no other way than by its exit code."""
    result = CliRunner().invoke(main, words)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def read(path: str) -> NDArray[Any]:
    if path.endswith(".npy"):
        return np.asarray(np.load(path))
    return (
        np.loadtxt(path, delimiter=",") if path.endswith(".csv") else np.asarray(Image.open(path))
    )


def both(library: str, line: str, suffix: str = ".png") -> tuple[NDArray[Any], NDArray[Any]]:
    """Return our edge map and that of the script, for the words of a command."""
    Path(f"theirs{suffix}").unlink(missing_ok=True)
    words = ["detect", *shlex.split(line)]
    assert invoke(*words, "-o", f"ours{suffix}", "-q").exit_code == 0
    result = invoke(*words, "-o", f"theirs{suffix}", "--code", library)
    assert result.exit_code == 0, result.stderr
    assert max(map(len, result.stdout.splitlines())) <= 110
    assert not Path(f"theirs{suffix}").exists()
    exec(compile(result.stdout, "script.py", "exec"), {})
    return read(f"ours{suffix}"), read(f"theirs{suffix}")


def equal(library: str, line: str) -> None:
    ours, theirs = both(library, line)
    assert ours.dtype == theirs.dtype
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("library", SLIDING)
@pytest.mark.parametrize(
    "name",
    [
        "sobel",
        "scharr",
        "prewitt",
        "roberts",
        "kirsch",
        "robinson",
        "vertical",
        "sobel-y",
        "laplacian-8",
        "'1 2; 3 -4; 0 -2'",
    ],
)
def test_whole_numbers_are_equal_to_the_bit(library: str, name: str) -> None:
    for map_name in ("auto", "abs", "clip", "gain"):
        equal(library, f"noise.png -f {name} --map {map_name}")
    ours, theirs = both(library, f"noise.png -f {name} --map raw", ".npy")
    assert ours.dtype == theirs.dtype
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)  # square roots are of float32


@pytest.mark.parametrize("library", SLIDING)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("padding", ["same", "valid", "2", "0,3,4,1", "20"])
def test_borders_are_translated(library: str, mode: str, padding: str) -> None:
    for name in ("sobel-x", "roberts-1"):
        equal(library, f"noise.png -f {name} --padding {padding} --padding-mode {mode}")


@pytest.mark.parametrize("library", SLIDING)
@pytest.mark.parametrize("padding", ["same", "valid", "3"])
@pytest.mark.parametrize(
    "steps",
    ["--stride 2", "--stride 3,2", "--dilation 2", "--dilation 2,3", "--stride 2 --dilation 3"],
)
def test_strides_and_dilations_are_translated(library: str, padding: str, steps: str) -> None:
    equal(library, f"noise.png -f sobel --padding {padding} {steps}")
    equal(library, f"noise.png -f '1 2 3 -6' --padding {padding} {steps}")


@pytest.mark.parametrize("library", SLIDING)
@pytest.mark.parametrize("line", [
    "noise.png -f kirsch --combine sum --map gain", "noise.png -f sobel-x --convolve",
    "noise.png -f sobel-x -f laplacian --combine max", "noise.png -f vertical --channels blue",
    "noise.png -f sobel --threshold 200", "noise.png -f sobel --threshold 30%",
    "noise.png -f vertical --bias 5 --activation relu", "noise.png -f sobel --bias 5,-3",
    "noise.png -f vertical --map signed", "noise.png -f vertical --map minmax",
    "deep.png -f sobel", "deep.png -f sobel --depth 8", "turned.jpg -f sobel",
])  # fmt: skip
def test_options_are_translated(library: str, line: str) -> None:
    equal(library, line)


@pytest.mark.parametrize("library", SLIDING)
@pytest.mark.parametrize("line", [
    "noise.png -f gaussian:1.5", "noise.png -f log:1.2", "noise.png -f gradient:1",
    "noise.png -f gradient-x --convolve", "noise.png -f farid", "noise.png -f dog:0.6",
    "floats.npy -f sobel", "noise.png -f sobel --activation sigmoid", "noise.png -f log",
    "noise.png -f vertical --activation leaky-relu",
    "noise.png -f '1/9 0.1 -.2' --activation tanh", "floats.npy -f gaussian --stride 2",
])  # fmt: skip
def test_floats_agree_to_five_digits(library: str, line: str) -> None:
    ours, theirs = both(library, f"{line} --map raw", ".npy")
    assert ours.dtype == theirs.dtype
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5 * np.abs(ours).max())


@pytest.mark.parametrize("library", SLIDING)
def test_a_grid_of_numbers_stays_one(library: str) -> None:
    ours, theirs = both(library, "grid.csv -f vertical --padding valid --map raw", ".csv")
    np.testing.assert_array_equal(ours, theirs)
    assert ours.shape == (4, 4)


@pytest.mark.skipif("scikit-image" not in INSTALLED, reason="scikit-image is not installed")
@pytest.mark.parametrize(
    "name",
    [
        "sobel",
        "scharr",
        "prewitt",
        "roberts",
        "farid",
        "sobel-x",
        "sobel-y",
        "prewitt-y",
        "scharr-x",
        "farid-x",
        "vertical",
        "horizontal",
        "laplacian",
    ],
)
def test_scikit_image_s_own_operators_are_scaled_to_ours(name: str) -> None:
    for mode in MODES:
        if name not in ("roberts", "laplacian") or mode in ("replicate", "symmetric"):
            line = f"noise.png -f {name} --padding-mode {mode} --map raw"
            ours, theirs = both("scikit-image", line, ".npy")
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5 * np.abs(ours).max())
    if not name.startswith("farid"):
        equal("scikit-image", f"noise.png -f {name}")


@pytest.mark.parametrize("line", [
    "-f vertical", "-f laplacian --map clip", "-f kirsch", "-f kirsch --map gain", "-f roberts-2",
    "-f '1 2 3; 0 0 -1; 1 1 -4' --padding valid", "-f '1 2 3 4 -9'",
    "-f '1 2 -3; 4 -1 0' --stride 2",
    "-f sobel --combine max --map gain",
    "-f sobel-y --dilation 2 --padding 3 --padding-mode reflect",
    "-f vertical --padding 4 --padding-mode constant:9 --stride 2,3 --channels red",
])  # fmt: skip
def test_pillow_has_kernels_of_3_and_5(line: str) -> None:
    equal("pillow", f"noise.png {line}")


def test_a_photo_s_luma_is_the_one_that_is_stored() -> None:
    equal(SLIDING[0], f"{shlex.quote(str(SAMPLES / 'building.jpg'))} -f sobel")
    equal("pillow", f"{shlex.quote(str(SAMPLES / 'building.jpg'))} -f laplacian --channels green")


@pytest.mark.skipif("opencv" not in INSTALLED, reason="OpenCV is not installed")
@pytest.mark.parametrize("name", ["canny:0", "canny", "canny:2"])
def test_opencv_s_canny_is_ours_but_for_few_pixels(name: str) -> None:
    line = f"{shlex.quote(str(SAMPLES / 'building.jpg'))} -f {name} --hysteresis 50,100"
    ours, theirs = both("opencv", line)
    assert (ours == theirs).mean() > (0.998 if name == "canny:0" else 0.98)
    assert theirs.any()


def test_a_script_runs_alone_whatever_the_file_is_called() -> None:
    name = 'a "b" \\ \'c\' """.png'
    Path("noise.png").rename(name)
    script = invoke("detect", name, "-f", "vertical", "--code", "pillow").stdout
    subprocess.run([sys.executable, "-c", script], check=True)
    assert len(list(Path().glob("*-vertical.png"))) == 1


@pytest.mark.parametrize(("library", "line", "words"), [
    ("scipy", "-f canny", "linked; write --code opencv --filter canny"),
    ("scipy", "-f canny --hysteresis 9,20", "edges that are linked; write --code opencv"),
    ("scipy", "-f canny --threshold 9", "edges that are linked; write --code opencv"),
    ("opencv", "-f canny", "edges that are linked; write --code opencv --filter canny --hyst"),
    ("opencv", "-f sobel --hysteresis 9,20", "hysteresis of other filters; write --code opencv "),
    ("scipy", "-f learned", "learned; use --filter sobel"),
    ("scipy", "-f contours", "contours; use --filter sobel"),
    ("scipy", "-f vertical -f horizontal", "several edge maps; give one --filter, or --combine"),
    ("scipy", "--channels each", "several colours at once; use --channels gray"),
    ("scipy", "--combine direction", "directions; use --combine magnitude"),
    ("scipy", "--thin", "our thinning; drop --thin"),
    ("scipy", "--border 3", "parts of an image; leave out --border and --mask"),
    ("scipy", "--invert", "colours and pens; leave out --invert and --paper"),
    ("scipy", "--nan ignore", "NaN left out; drop --nan"),
    ("scipy", "--threshold otsu", "thresholds from the image; give a number"),
    ("scipy", "-f gabor", "weights, one by one; write --code scipy --filter "),
    ("scikit-image", "-f kirsch", "kirsch, only for operators that it names; use --code scipy"),
    ("scikit-image", "--padding valid", "of your own; use --code scipy"),
    ("scikit-image", "-f roberts --padding-mode zeros", "roberts; use --code scipy"),
    ("pillow", "", "magnitude: it clips each response; use --combine max"),
    ("pillow", "-f gaussian:2", "kernels over 5×5; use --code scipy"),
    ("pillow", "-f vertical --map raw", "more than 8 bits, scaled and clipped; use --code scipy"),
    ("pillow", "-f vertical --map signed", "more than 8 bits, scaled and clipped; use --code sci"),
    ("pillow", "-f vertical --map minmax", "more than 8 bits, scaled and clipped; use --code sci"),
])  # fmt: skip
def test_what_a_library_cannot_say_is_one_line(library: str, line: str, words: str) -> None:
    result = invoke("detect", "noise.png", *shlex.split(line), "--code", library)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith(f"edgecli: --code {library} has no words for ")
    assert words in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_script_is_of_one_picture() -> None:
    result = invoke("detect", "noise.png", "deep.png", "--code", "scipy")
    assert result.stderr == "edgecli: a script is of one image, not of 2; give one of them\n"
    Image.new("RGBA", (4, 4)).save("clear.png")
    result = invoke("detect", "clear.png", "--code", "scipy")
    assert "transparency; convert it to a picture without alpha" in result.stderr
