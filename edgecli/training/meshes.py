"""Things of the game 0 A.D. (CC-BY-SA 3.0), read from the file ``public.zip`` of its data.

An actor is an XML file: it names a mesh, its texture, other actors that are fixed to it, and
movements. Meshes (``.pmd``) and movements (``.psa``) are the game's own binary files, which
``ModelDef.cpp`` and ``SkeletonAnimDef.cpp`` of its source define.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element, fromstring
from zipfile import ZipFile

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edgecli.records import dataclass, field
from edgecli.training.fields import Field, Random
from edgecli.training.rendering import Indices, Texture, mipmapped

Matrices = NDArray[np.float64]
"""Turns and shifts ``(…, 4, 4)`` of columns ``(x, y, z, 1)``; y points up."""

DEEPEST = 3  # actors fixed to actors fixed to actors
WIDEST = 512  # texels that are kept of a texture's side
BONE = np.dtype([("shift", "<f4", 3), ("turn", "<f4", 4)])
UPSIDE_DOWN = np.array([1, -1], np.float32)  # textures are stored so, and they repeat
MOVEMENTS = ("idle", "walk", "run", "trot")


class Mesh(NamedTuple):
    """A mesh: its corners, its triangles ``(F, 3)``, and the bones at rest that hold it."""

    corners: NDArray[Any]  # place, normal, uv, and four bones with their weights
    faces: Indices
    rest: Matrices
    points: dict[str, tuple[int, Matrices]]  # where actors can be fixed: a bone, and from there
    parts: Indices  # for each triangle, which connected part of the mesh it belongs to


class Piece(NamedTuple):
    """One mesh of a posed actor: places and normals ``(V, 3)``, and places on its texture."""

    places: Field
    normals: Field
    uv: Field
    faces: Indices
    parts: Indices
    skin: Texture
    cutout: bool  # the texture has holes, as leaves have
    tinted: bool  # the texture takes another colour where its alpha is low


@dataclass(eq=False)
class _Look:
    """What an actor's variants name. Each replaces what the ones before it named."""

    mesh: str = ""
    texture: str = ""
    material: str = ""
    props: dict[str, list[str]] = field(default_factory=dict)
    movements: list[str] = field(default_factory=list)


class Archive:
    """The game's data in a file."""

    def __init__(self, path: Path) -> None:
        """Open the file."""
        self.files = ZipFile(path)
        self.mesh = lru_cache(256)(self._mesh)
        self.texture = lru_cache(96)(self._texture)

    def names(self, folder: str, end: str) -> list[str]:
        """Return the names, without folder and end, of all files in a folder and below."""
        found = (name for name in self.files.namelist() if name.startswith(folder))
        return sorted(name[len(folder) : -len(end)] for name in found if name.endswith(end))

    def _mesh(self, name: str) -> Mesh:
        return read_mesh(self.files.read(f"art/meshes/{name}.cached.pmd"))

    def _texture(self, name: str, cutout: bool) -> Texture:
        return mipmapped(self.image(f"art/textures/skins/{name}"), cutout)

    def image(self, name: str) -> Image.Image:
        """Return an image, reduced to about WIDEST."""
        image = Image.open(io.BytesIO(self.files.read(f"{name}.cached.dds")))
        return image.reduce(max(max(image.size) // WIDEST, 1))

    def actor(self, random: Random, name: str) -> list[Piece]:
        """Return an actor in a look and a pose of its own; KeyError where a file is missing."""
        return list(self._pieces(random, name, np.eye(4), DEEPEST))

    def _pieces(self, random: Random, name: str, frame: Matrices, depth: int) -> Iterator[Piece]:
        look = self._look(random, name)
        if not look.mesh:
            return
        mesh = self.mesh(look.mesh)
        pose = self._pose(random, mesh, look.movements)
        if look.texture:
            cutout = look.material.startswith(("basic_trans", "trans_wind"))
            tinted = look.material.startswith(("player", "objectcolor"))
            skin = self.texture(look.texture, cutout)
            places, normals = skinned(mesh, pose, frame)
            uv = mesh.corners["uv"][:, 0] * UPSIDE_DOWN
            # Leaves are many, and hang together all the same.
            parts = mesh.parts * (not cutout)
            yield Piece(places, normals, uv, mesh.faces, parts, skin, cutout, tinted)
        for point, props in look.props.items() if depth else ():
            bone, place = mesh.points.get(point, (len(pose), np.eye(4)))
            base = pose[bone] if bone < len(pose) else np.eye(4)
            for prop in props:
                yield from self._pieces(random, prop, frame @ base @ place, depth - 1)

    def _look(self, random: Random, name: str) -> _Look:
        """Return what one variant of each of an actor's groups names."""
        root = fromstring(self.files.read(f"art/actors/{name}"))  # noqa: S314 - the game's own
        actor = root if root.tag == "actor" else root.find(".//actor[group]")
        look = _Look()
        if actor is None:
            return look
        look.material = (actor.findtext("material") or "").strip()
        for group in actor.findall("group"):
            variants = group.findall("variant")
            shares = np.array([float(one.get("frequency", 0)) for one in variants])
            shares = shares if shares.any() else np.ones(len(variants))
            if variants:
                self._add(look, variants[random.choice(len(variants), p=shares / shares.sum())])
        return look

    def _add(self, look: _Look, variant: Element) -> None:
        """Let a variant, after the file it names, replace what a look has."""
        if "file" in variant.attrib:
            file = self.files.read(f"art/variants/{variant.attrib['file']}")
            self._add(look, fromstring(file))  # noqa: S314
        look.mesh = (variant.findtext("mesh") or "").strip() or look.mesh
        for texture in variant.iter("texture"):
            if texture.get("name") == "baseTex":
                look.texture = texture.get("file", "")
        props: dict[str, list[str]] = {}
        for prop in variant.iter("prop"):
            actors = props.setdefault(prop.get("attachpoint", "root"), [])
            actors += [prop.get("actor", "")] if prop.get("actor") else []
        look.props |= props
        moves = [m for m in variant.iter("animation") if m.get("name", "").lower() in MOVEMENTS]
        look.movements += [move.get("file", "") for move in moves if move.get("file")]

    def _pose(self, random: Random, mesh: Mesh, movements: list[str]) -> Matrices:
        """Return the bones at some moment of one of these movements, or at rest."""
        if not (len(mesh.rest) and movements):
            return mesh.rest
        name = movements[random.integers(len(movements))]
        bones = read_movement(self.files.read(f"art/animation/{name}.cached.psa"))
        if bones.shape[1] != len(mesh.rest):
            return mesh.rest
        return matrices(bones[random.integers(len(bones))])


class _Reader:
    """The bytes of one of the game's files, after its first twelve."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 12

    def take(self, kind: Any, count: int = 1) -> NDArray[Any]:
        """Return the next values of a kind."""
        values = np.frombuffer(self.data, kind, count, self.at)
        self.at += values.nbytes
        return values

    def number(self) -> int:
        """Return the next number of 32 bits."""
        return int(self.take("<u4")[0])

    def text(self) -> str:
        """Return the next string."""
        return bytes(self.take("u1", self.number())).decode()


def read_mesh(data: bytes) -> Mesh:
    """Return the mesh in the bytes of a ``.pmd`` file of version 4."""
    if data[:8] != b"PSMD" + struct.pack("<I", 4):
        raise ValueError("these bytes are no mesh (PSMD) of version 4")
    reader = _Reader(data)
    count, sets = reader.number(), reader.number()
    corner = [("place", "<f4", 3), ("normal", "<f4", 3), ("uv", "<f4", (sets, 2))]
    corners = reader.take([*corner, ("bone", "u1", 4), ("weight", "<f4", 4)], count)
    faces = reader.take("<u2", 3 * reader.number()).reshape(-1, 3).astype(np.intp)
    rest = matrices(reader.take(BONE, reader.number()))
    points = {}
    for _ in range(reader.number()):
        name, place = reader.text(), matrices(reader.take(BONE))[0]
        points[name] = (int(reader.take("u1")[0]), place)
    return Mesh(corners, faces, rest, points, connected(corners["place"], faces))


def connected(places: Field, faces: Indices) -> Indices:
    """Return numbers ``(F,)`` that are equal for triangles which corners at one place connect.

    >>> places = np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 0), (0, 0, 0)], np.float32)
    >>> connected(places, np.array([(0, 1, 2), (4, 1, 2), (3, 3, 3)])).tolist()
    [0, 0, 3]
    """
    _, same = np.unique(places.round(4), axis=0, return_inverse=True)
    joined = same.ravel()[faces]
    least = np.arange(len(places))
    while True:
        lowest = least[joined].min(1)
        after = least.copy()
        np.minimum.at(after, joined.ravel(), np.repeat(lowest, 3))
        after = after[after]
        if (after == least).all():
            return np.asarray(least[joined[:, 0]])
        least = after


def read_movement(data: bytes) -> NDArray[Any]:
    """Return the bones ``(frames, bones)`` in the bytes of a ``.psa`` file."""
    reader = _Reader(data)
    reader.text()
    reader.take("<f4")  # the time of a frame
    bones, frames = reader.number(), reader.number()
    return reader.take(BONE, bones * frames).reshape(frames, bones)


def matrices(bones: NDArray[Any]) -> Matrices:
    """Return the transforms that turn by a quaternion and shift.

    >>> half_turn = np.array([((1, 2, 3), (0, 1, 0, 0))], BONE)
    >>> (matrices(half_turn)[0] @ (1, 1, 1, 1)).tolist()
    [0.0, 3.0, 2.0, 1.0]
    """
    x, y, z, w = bones["turn"].astype(np.float64).T
    found = np.zeros((len(bones), 4, 4))
    found[:, 0, :3] = np.stack(
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)], 1
    )
    found[:, 1, :3] = np.stack(
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)], 1
    )
    found[:, 2, :3] = np.stack(
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)], 1
    )
    found[:, :3, 3], found[:, 3, 3] = bones["shift"], 1
    return found


def skinned(mesh: Mesh, pose: Matrices, frame: Matrices) -> tuple[Field, Field]:
    """Return where a pose ``(B, 4, 4)`` in a frame puts the places and normals of a mesh."""
    moved = frame @ np.concatenate([pose @ np.linalg.inv(mesh.rest), np.eye(4)[None]])
    bone, weight = np.minimum(mesh.corners["bone"], len(pose)), mesh.corners["weight"].copy()
    weight[weight.sum(1) < 0.01, 0] = 1  # what no bone holds stays in the frame
    weight /= weight.sum(1, keepdims=True)
    blend = np.einsum("vk,vkij->vij", weight, moved[bone])
    places = np.einsum("vij,vj->vi", blend[:, :3, :3], mesh.corners["place"]) + blend[:, :3, 3]
    normals = np.einsum("vij,vj->vi", blend[:, :3, :3], mesh.corners["normal"])
    return places.astype(np.float32), normals.astype(np.float32)
