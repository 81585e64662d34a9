"""ICC profiles stay with colours, and go where there are none; resolutions always stay."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms

from edgecli.images.files import open_images
from edgecli.images.made_by import is_ours
from edgecli.images.profiles import png_chunk_data, profile_of_png, rgb_profile
from tests.conftest import Run, noise

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
READ = ["a.png", "a.jpg", "a.tif", "a.webp"]


def picture(path: Path, mode: str = "RGB", **options: Any) -> Path:
    image = Image.fromarray(noise(20, 30, 3)).convert(mode)
    image.save(path, icc_profile=PROFILE, **options)
    return path


@pytest.mark.parametrize("name", READ)
def test_every_format_tells_its_profile(tmp_path: Path, name: str) -> None:
    path = picture(tmp_path / name)
    (source,) = open_images(str(path), max_pixels=10**6)
    assert source.info.profile == PROFILE


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize(
    ("options", "kept"),
    [(("--channels", "each"), True), (("--overlay", "red"), True), ((), False),
     (("--channels", "max"), False), (("--colormap", "ember"), False), (("--line", "red"), False)],
)  # fmt: skip
def test_it_stays_with_the_colours_of_the_image_alone(
    run: Run, tmp_path: Path, name: str, options: tuple[str, ...], kept: bool
) -> None:
    path = picture(tmp_path / "in.png")
    written = tmp_path / name
    assert run("detect", path, *options, "-o", written, "-q").exit_code == 0
    with Image.open(written) as image:
        assert image.info.get("icc_profile") == (PROFILE if kept else None)
    assert is_ours(str(written)) == (name in ("a.png", "a.tif"))


def test_pages_keep_theirs(run: Run, tmp_path: Path) -> None:
    one = Image.fromarray(noise(20, 30, 3))
    one.save(tmp_path / "a.tif", save_all=True, append_images=[one], icc_profile=PROFILE)
    run("detect", tmp_path / "a.tif", "--all-frames", "--channels", "each",
        "-o", tmp_path / "b.tif", "-q")  # fmt: skip
    with Image.open(tmp_path / "b.tif") as pages:
        for page in range(2):
            pages.seek(page)
            assert pages.info["icc_profile"] == PROFILE


def test_profiles_of_other_colours_are_left_out(tmp_path: Path) -> None:
    grey = bytearray(PROFILE)
    grey[16:20] = b"GRAY"
    assert rgb_profile(bytes(grey)) is None
    path = picture(tmp_path / "a.jpg", "CMYK")
    (source,) = open_images(str(path), max_pixels=10**6)
    assert source.info.profile is None


def test_a_damaged_profile_is_none_and_a_bomb_is_not_unpacked() -> None:
    good = png_chunk_data(PROFILE)
    assert profile_of_png(good) == PROFILE
    for length in range(len(good)):
        profile_of_png(good[:length])
    assert profile_of_png(png_chunk_data(bytes(1 << 26))) is None
    assert profile_of_png(b"name\0\0nothing packed") is None


@pytest.mark.parametrize("options", [(), ("--channels", "each")])
@pytest.mark.parametrize("source", ["a.png", "a.jpg", "a.tif"])
@pytest.mark.parametrize("target", ["b.png", "b.jpg", "b.tif"])
def test_the_resolution_always_stays(
    run: Run, tmp_path: Path, source: str, target: str, options: tuple[str, ...]
) -> None:
    picture(tmp_path / source, dpi=(300, 200))
    run("detect", tmp_path / source, *options, "-o", tmp_path / target, "-q")
    data = (tmp_path / target).read_bytes()
    assert Image.open(io.BytesIO(data)).info["dpi"] == pytest.approx((300, 200), abs=0.1)


def test_the_same_bytes_come_of_the_same_image(run: Run, tmp_path: Path) -> None:
    path, written = picture(tmp_path / "in.png"), []
    for name in ("a.png", "b.png"):
        run("detect", path, "--channels", "each", "-o", tmp_path / name, "-q")
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]
