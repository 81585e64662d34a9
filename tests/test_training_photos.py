"""Photos that teach: found in files, cut, and answered for by networks."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edgecli.errors import NetworkError, UsageError
from edgecli.networks import load_network
from edgecli.networks.forward import forward
from edgecli.training.photos import STRONG, TYPICAL, PhotoPool, Photos, answers, evened
from edgecli.training.recipe import EdgeRecipe

RECIPE = EdgeRecipe(side=64, takes=3)


def photo(width: int = 420, height: int = 310) -> Image.Image:
    """Return a picture of a bright disk."""
    y, x = np.mgrid[:height, :width]
    inside = np.hypot(y - height / 2, x - width / 2) < 90
    return Image.fromarray(np.where(inside[..., None], (200, 160, 90), (40, 60, 90)).astype("u1"))


def encoded(image: Image.Image, kind: str) -> bytes:
    """Return the bytes of a picture's file."""
    buffer = BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with two photos in files, two in a resource file, and what is no photo."""
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    photo().save(folder / "one.jpg")
    photo(310, 420).save(folder / "more" / "two.webp")
    photo(64, 64).save(folder / "icon.jpg")
    photo().save(folder / "drawing.png")
    photo().convert("L").save(folder / "grey.jpg")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff" + bytes(99))
    parts = [encoded(photo(301, 305), kind) for kind in ("JPEG", "WEBP")]
    parts += [encoded(photo(20, 20), "JPEG"), b"RIFF"]
    packed = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    (folder / "game.rcc").write_bytes(b"qres" + bytes(16) + packed)
    return folder


def test_photos_are_found_in_folders_and_resource_files(folder: Path) -> None:
    found = Photos.found([folder], ["learned-small"]).photos
    assert [(one.path.name, one.read().size) for one in found] == [
        ("game.rcc", (301, 305)),
        ("game.rcc", (301, 305)),
        ("two.webp", (310, 420)),
        ("one.jpg", (420, 310)),
    ]
    (alone,) = Photos.found([folder / "one.jpg"], ["learned-small"]).photos
    assert alone.path.name == "one.jpg"


def test_without_photos_or_networks_there_is_nothing_to_learn(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"no photo in .*icon\.jpg; give JPEG or WebP files"):
        Photos.found([folder / "icon.jpg"], ["learned-small"])
    with pytest.raises(NetworkError, match="learner"):
        Photos.found([folder], ["learner"])


@pytest.mark.parametrize("number", [0, 3, 5])
def test_a_photo_is_shown_at_sizes_that_repeat(folder: Path, number: int) -> None:
    source = Photos.found([folder / "one.jpg", folder / "more"], ["learned-small"])
    pool = PhotoPool(folder / "pool", source, RECIPE)
    assert list(pool.numbers) == list(range(6))
    again, drawn = pool.arrays(number), pool.load(number)
    for name, array in drawn.items():
        np.testing.assert_array_equal(array, again[name])
    assert drawn["picture"].shape == (*drawn["answers"].shape, 3)
    assert RECIPE.side <= min(drawn["answers"].shape) <= 310


def test_squares_of_photos_are_what_is_learned_from(folder: Path) -> None:
    source = Photos.found([folder / "one.jpg"], ["learned-small"])
    pool = PhotoPool(folder / "pool", source, EdgeRecipe(side=200, takes=1))
    crops = [pool.crop(np.random.default_rng(seed)) for seed in range(8)]
    for crop in crops:
        assert crop.pixels.shape == (3, 200, 200)
        assert crop.edges.shape == crop.weight.shape == (200, 200)
        assert 0.5 < crop.edges.max() <= 1
        assert (crop.weight == 1).all()
    assert len({crop.pixels.tobytes() for crop in crops}) == 8


def halved(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return a picture as a network sees it, at half its size."""
    volume = picture.astype(np.float32).transpose(2, 0, 1) / 255
    half: NDArray[np.float32] = volume.reshape(3, volume.shape[1] // 2, 2, -1, 2).mean((2, 4))
    return half


def test_teachers_answer_with_their_mean_over_scales_and_mirrored_copies() -> None:
    picture = np.asarray(photo(96, 64))[:, :64]  # the left of the disk, so that it has a side
    names = ("learned", "learned-small")
    together = answers(Photos((), names), picture)
    alone = [answers(Photos((), (name,)), picture) for name in names]
    np.testing.assert_allclose(together, (alone[0] + alone[1]) / 2, atol=1e-6)
    mirrored = answers(Photos((), names), picture[:, ::-1])
    np.testing.assert_allclose(mirrored[:, ::-1], together, atol=1e-6)
    both = answers(Photos((), ("learned",), (1.0, 0.5)), picture)
    coarse = forward(load_network("learned"), halved(picture))[0]
    fine = forward(load_network("learned"), picture.transpose(2, 0, 1).astype(np.float32) / 255)[0]
    assert abs(float(both.mean() - (coarse.mean() + fine.mean()) / 2)) < 0.02
    assert abs(float(alone[0].mean() - fine.mean())) < 0.01


@pytest.mark.parametrize("contrast", [0.1, 0.4, 0.9])
def test_answers_for_hazy_and_crisp_photos_come_half_as_near_again(contrast: float) -> None:
    told = contrast * np.linspace(0, 1, 1001, dtype=np.float32).reshape(77, 13)
    even = evened(told)
    before, after = (float(np.quantile(field, STRONG)) for field in (told, even))
    assert np.log(after / TYPICAL) == pytest.approx(np.log(before / TYPICAL) / 2, abs=1e-3)
    assert even.max() <= 1
    np.testing.assert_array_equal(np.argsort(even, axis=None), np.argsort(told, axis=None))
    assert not evened(np.zeros((8, 8), np.float32)).any()


def test_other_photos_teachers_or_scales_have_another_name(folder: Path) -> None:
    digests = {
        Photos.found([folder / place], teachers, scales).digest
        for place in ("one.jpg", "more")
        for teachers in (["learned"], ["learned-small"], ["learned", "learned-small"])
        for scales in ([1.0], [1.0, 0.5])
    }
    assert len(digests) == 12
