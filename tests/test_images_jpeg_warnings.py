"""The count of libjpeg's warnings, against OpenCV, whose libjpeg prints them."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from edgecli.errors import ImageError
from edgecli.images.jpeg import warnings as jpeg_warnings
from edgecli.images.jpeg.warnings import watch
from tests.image_streams import images_in
from tests.pillow_files import encode, rows_of, scene

KINDS = {
    "colour": encode(scene(), "JPEG"),
    "full-chroma": encode(scene(), "JPEG", subsampling=0, quality=95),
    "grey": encode(scene().convert("L"), "JPEG"),
    "progressive": encode(scene(), "JPEG", progressive=True),
    "restarts": encode(scene(), "JPEG", restart_marker_blocks=2),
    "cmyk": encode(scene().convert("CMYK"), "JPEG"),
}


def corrupted(data: bytes, seed: int) -> bytes:
    """Flip a bit, overwrite, remove, insert or cut entropy-coded data; the end marker stays."""
    random = np.random.default_rng(seed)
    start = data.index(b"\xff\xda") + 14
    at, size = int(random.integers(start, len(data) - 2)), int(random.integers(1, 100))
    noise = random.integers(0, 256, size).astype(np.uint8).tobytes()
    before, after = data[:at], data[at:-2]
    changed = (
        bytes([after[0] ^ 1 << seed % 8]) + after[1:],
        noise + after[size:],
        after[size:],
        noise + after,
        b"",
    )[seed % 5]
    return before + changed + b"\xff\xd9"


def count_of(data: bytes, mode: str = "") -> int | None:
    with Image.open(io.BytesIO(data)) as image:
        image.draft(mode or None, image.size)
        count = watch(image)
        image.load()
    return count()


@pytest.mark.parametrize("kind", KINDS)
def test_libjpeg_warns_of_what_it_warns_opencv_of(
    kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    verdicts = []
    for seed in range(60):
        data = corrupted(KINDS[kind], seed)
        cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        warned = bool(capfd.readouterr().err)
        try:
            verdicts.append((warned, bool(count_of(data))))
        except OSError:  # it does not decode at all
            continue
    assert all(theirs == ours for theirs, ours in verdicts)
    assert len(set(verdicts)) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_there_is_nothing_to_warn_of_in_a_whole_image(kind: str) -> None:
    assert count_of(KINDS[kind]) == 0
    assert count_of(KINDS[kind], "L") == 0


def test_other_formats_are_not_counted() -> None:
    assert count_of(encode(scene(), "PNG")) is None
    assert count_of(encode(scene(), "WEBP")) is None


def test_pixels_are_what_they_were() -> None:
    for data in KINDS.values():
        with Image.open(io.BytesIO(data)) as alone, Image.open(io.BytesIO(data)) as watched:
            watch(watched)
            assert watched.tobytes() == alone.tobytes()


def test_corrupt_data_leave_a_note() -> None:
    (whole,) = images_in(KINDS["colour"])
    (damaged,) = images_in(corrupted(KINDS["colour"], 1))
    assert rows_of(damaged).shape == rows_of(whole).shape
    assert whole.info.notes == []
    assert damaged.info.notes == [
        "holds corrupt JPEG data (libjpeg warns once); parts of it may be wrong"
    ]


def test_where_nothing_can_be_counted_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jpeg_warnings, "_CONTEXT_AT", {})
    assert count_of(KINDS["colour"]) is None
    (damaged,) = images_in(corrupted(KINDS["colour"], 1))
    assert damaged.info.notes == []
    with pytest.raises(ImageError, match="is cut short"):  # whether it is cannot be told
        next(images_in(KINDS["colour"][:-2]))
