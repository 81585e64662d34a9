"""Previews: what is seen of an edge map that is far larger than the terminal."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgecli.reports.display import TerminalScreen
from tests.conftest import Run, Save

Pictures = list[NDArray[Any]]

LOOKS = (
    "-f canny:1",
    "-f canny:1 --invert",
    "-f canny:1 --paper none",
    "-f canny:1 --alpha-out --invert",
    "-f canny:1 --line red --paper navy",
    "-f sobel --thin --colormap moss --invert",
    "-f sobel-x --map signed",
    "-f sobel-x --map signed --invert",
)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Pictures:
    """Return what is drawn on terminals from now on."""
    pictures: Pictures = []
    monkeypatch.setattr(TerminalScreen, "draw", lambda _, picture: pictures.append(picture))
    return pictures


@pytest.mark.parametrize("looks", LOOKS)
def test_lines_of_one_pixel_are_seen_however_small(
    run: Run, save: Save, shown: Pictures, looks: str
) -> None:
    picture = np.full((640, 640), 50, np.uint8)
    picture[:, 320:] = 250
    result = run("detect", save("edge.png", picture), *looks.split(), "--preview")
    assert result.exit_code == 0
    (small,) = shown
    assert small.shape[:2] == (80, 80)
    assert (np.abs(small - small[0, 0]).max(axis=(1, 2)) > 0.4).all()


def test_an_image_under_lines_is_averaged(run: Run, save: Save, shown: Pictures) -> None:
    checks = np.indices((160, 160)).sum(axis=0).astype(np.uint8) % 2 * 200
    run("detect", save("checks.png", checks), "-f", "gaussian:8", "--map", "clip",
        "--threshold", "999", "--overlay", "red", "--preview")  # fmt: skip
    np.testing.assert_allclose(shown[0], 100 / 255, atol=1e-6)
