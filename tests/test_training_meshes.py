"""Things of an archive, from their bytes to scenes. The archive is a small one that tests make."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edgecli.training.__main__ import main
from edgecli.training.meshes import Archive, read_mesh, skinned
from edgecli.training.pool import ScenePool
from edgecli.training.scenes import PARTS, draw_scene
from edgecli.training.sprites import KINDS, Cast, floor, view
from edgecli.training.studio import MARGIN, mirrored

BOX = np.array([(x, y, z) for x in (-1, 1) for y in (0, 2) for z in (-1, 1)], np.float32)
SIDES = [(0, 1, 3, 2), (4, 5, 7, 6), (0, 1, 5, 4), (2, 3, 7, 6), (0, 2, 6, 4), (1, 3, 7, 5)]
TRIANGLES = [part for a, b, c, d in SIDES for part in ((a, b, c), (a, c, d))]
ACTOR = """<actor version="1"><group>
  <variant frequency="1"><mesh>box.dae</mesh>
    <textures><texture file="box.png" name="baseTex"/></textures>{props}</variant>
  <variant><mesh>missing.dae</mesh></variant>
</group><material>default.xml</material></actor>"""
HAT = '<props><prop actor="hat.xml" attachpoint="top"/></props>'


def packed_mesh(bone: int = 255) -> bytes:
    """Return a box in the bytes of the game's file, with one bone and one point at its top."""
    up, none = np.array([0, 1, 0]), (255, 255, 255)
    corners = b"".join(
        struct.pack("<8f4B4f", *place, *(place - up), *place[:2], bone, *none, 1, 0, 0, 0)
        for place in BOX
    )
    faces = np.array(TRIANGLES, "<u2").tobytes()
    rest = struct.pack("<7f", 0, 0, 0, 0, 0, 0, 1)
    point = struct.pack("<I3s7fB", 3, b"top", 0, 2, 0, 0, 0, 0, 1, bone)
    body = struct.pack("<2I", len(BOX), 1) + corners + struct.pack("<I", len(TRIANGLES)) + faces
    body += struct.pack("<I", 1) + rest + struct.pack("<I", 1) + point
    return b"PSMD" + struct.pack("<2I", 4, len(body)) + body


def packed_image(colour: tuple[int, int, int]) -> bytes:
    """Return a noisy image in the bytes of a DDS file."""
    noise = np.random.default_rng(0).integers(-20, 20, (16, 16, 1))
    file = io.BytesIO()
    Image.fromarray((noise + colour).astype(np.uint8)).save(file, "DDS")
    return file.getvalue()


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("game") / "public.zip"
    with ZipFile(path, "w") as file:
        file.writestr("art/meshes/box.dae.cached.pmd", packed_mesh())
        file.writestr("art/textures/skins/box.png.cached.dds", packed_image((200, 120, 40)))
        ground = "art/textures/terrain/types/grass_a.png.cached.dds"
        file.writestr(ground, packed_image((60, 120, 40)))
        file.writestr("art/actors/hat.xml", ACTOR.format(props=""))
        for folder, taken, _ in KINDS:
            name = f"art/actors/{folder}{taken.split('|')[0]}-box.xml"
            file.writestr(name, ACTOR.format(props=HAT))
    return path


def test_a_mesh_is_read_as_it_was_packed() -> None:
    mesh = read_mesh(packed_mesh())
    np.testing.assert_array_equal(mesh.corners["place"], BOX)
    np.testing.assert_array_equal(mesh.faces, TRIANGLES)
    np.testing.assert_array_equal(mesh.rest, np.eye(4)[None])
    assert mesh.points["top"][0] == 255
    np.testing.assert_array_equal(mesh.points["top"][1][:3, 3], (0, 2, 0))
    assert len(set(mesh.parts.tolist())) == 1


def test_other_bytes_are_no_mesh() -> None:
    with pytest.raises(ValueError, match="no mesh"):
        read_mesh(b"PSMD\x03\0\0\0" + bytes(40))


def test_bones_move_what_they_hold() -> None:
    up = np.eye(4)[None].copy()
    up[0, 1, 3] = 5
    for bone, moved in ((0, 5), (255, 0)):
        places, _ = skinned(read_mesh(packed_mesh(bone)), up, np.eye(4))
        np.testing.assert_allclose(places, BOX + np.array([0, moved, 0]))


def test_an_actor_wears_what_is_fixed_to_it(archive: Path) -> None:
    body, hat = Archive(archive).actor(np.random.default_rng(0), "fauna/-box.xml")
    np.testing.assert_allclose(hat.places, body.places + np.array([0, 2, 0]))
    assert not body.cutout
    with pytest.raises(KeyError):
        Archive(archive).actor(np.random.default_rng(0), "fauna/unknown.xml")


@pytest.mark.parametrize("side", [20, 90, 230])
def test_a_sprite_has_the_size_that_was_asked_for(archive: Path, side: int) -> None:
    random = np.random.default_rng(side)
    sprite = Cast(archive).sprite(random, side, view(random))
    assert max(sprite.size) == pytest.approx(side, abs=1)
    inside = np.argwhere(sprite.parts >= 0)
    assert (np.ptp(inside, axis=0) + 1 >= np.array(sprite.size) - 3).all()
    margin = np.array(sprite.alpha.shape) - sprite.size
    assert (margin == 2 * np.ceil(MARGIN * side)).all()
    np.testing.assert_array_equal(sprite.parts >= 0, sprite.alpha >= 0.5)
    assert set(np.unique(sprite.parts[inside[:, 0], inside[:, 1]])) == {0, 1}  # the box and its hat
    np.testing.assert_array_equal(mirrored(sprite).parts[:, ::-1], sprite.parts)


def colours(pixels: NDArray[np.floating]) -> list[float]:
    return [float(value) for value in pixels.reshape(-1, 3).mean(0) * 255]


def test_the_ground_has_the_colour_of_its_texture(archive: Path) -> None:
    pixels = floor(np.random.default_rng(0), Cast(archive), (40, 50), 0.2)
    assert pixels.shape == (40, 50, 3)
    assert colours(pixels) == pytest.approx([60, 120, 40], abs=8)


def test_scenes_with_things_repeat_and_are_whole(archive: Path) -> None:
    theirs = Cast(archive)
    for seed in range(4):
        first, again = (draw_scene(seed, 72, theirs) for _ in range(2))
        np.testing.assert_array_equal(first.picture, again.picture)
        np.testing.assert_array_equal(first.labels, again.labels)
        assert (first.labels >= PARTS).all()
        assert (first.picture != draw_scene(seed, 72).picture).any()


def test_a_pool_has_things_in_some_scenes_and_shares_the_others(
    archive: Path, tmp_path: Path
) -> None:
    pool, plain = ScenePool(tmp_path, 40, archive, staged=2), ScenePool(tmp_path, 40)
    assert pool.path(0) == plain.path(0)
    assert pool.path(1) != plain.path(1)
    np.testing.assert_array_equal(pool.read(2).picture, draw_scene(2, 40).picture)
    theirs = draw_scene(3, 40, Cast(archive))
    np.testing.assert_array_equal(pool.read(3).picture, theirs.picture)


def test_scenes_can_be_drawn_alone(archive: Path, tmp_path: Path) -> None:
    settings = ["--set", "scenes=2", "--set", "size=24", "--set", "staged=1", "--threads", "1"]
    assert main(["scenes", "-o", str(tmp_path), "--things", str(archive), *settings]) == 0
    names = sorted(path.name for path in (tmp_path / "scenes").iterdir())
    assert names == ["staged-24-0000000.npz", "staged-24-0000001.npz"]


def test_a_file_without_things_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.zip"
    with ZipFile(other, "w") as file:
        file.writestr("a", b"")
    for path, told in ((tmp_path / "none.zip", "no ZIP file"), (other, "lacks things")):
        assert main(["scenes", "-o", str(tmp_path), "--things", str(path)]) == 2
        assert told in capsys.readouterr().err
