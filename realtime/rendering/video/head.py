"""A persona's head as arrays: what the renderer on a worker reads from static/personas/*.glb.

The files are written by realtime/rendering/face_asset (binary glTF 2.0 with quantised, sparse morph targets).
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from realtime.rendering.frames import COEFFICIENTS

DIRECTORY = Path(__file__).parents[3] / "static" / "personas"
_TYPES = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_LARGEST = {5120: 127, 5121: 255, 5122: 32767, 5123: 65535}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}


class HeadError(ValueError):
    """There is no such head, or its file cannot be read; the message names it."""


@dataclass(frozen=True, eq=False)
class Part:
    """One mesh of a head, as a stretch of the head's vertices.

    `uv` (n, 2) and `colour` (n, 4) float32 0..1; `along` (n, 4) float32: which way a strand runs; `triangles` and
    `coarse` (fewer of them) uint32 (m, 3), counted from the part's `first` vertex; `picture`, `pores` and `folds`:
    places in the head's pictures.
    """

    name: str
    first: int
    count: int
    uv: np.ndarray
    colour: np.ndarray
    along: np.ndarray
    triangles: np.ndarray
    coarse: np.ndarray
    picture: int
    pores: int | None
    folds: int | None


@dataclass(frozen=True, eq=False)
class Head:
    """`rest` float32 (V, 6): position in metres and normal of every vertex. `moving` int64 (M,): the vertices that any
    coefficient moves; `deltas` float32 (52, M, 6): by how much a coefficient of 1 does, in the order of COEFFICIENTS.
    `pictures`: encoded images. `pivot`: what the head turns about, metres. `front`: where the teeth begin, z. `folds`:
    how deep the forehead's, the frown's and the smile's folds are at rest, 0 to 1."""

    name: str
    rest: np.ndarray
    moving: np.ndarray
    deltas: np.ndarray
    parts: tuple[Part, ...]
    pictures: tuple[bytes, ...]
    pivot: tuple[float, float, float]
    front: float
    folds: tuple[float, float, float]


def names() -> list[str]:
    """The heads that are shipped."""
    return sorted(path.stem for path in DIRECTORY.glob("*.glb"))


def read(name: str) -> Head:
    """The shipped head of that name. Raises HeadError."""
    if not re.fullmatch(r"[a-z0-9-]{1,40}", name):
        raise HeadError(f"face: {name!r} is not the name of a head")
    path = DIRECTORY / f"{name}.glb"
    try:
        return parse(name, path.read_bytes())
    except OSError as missing:
        raise HeadError(f"face: there is no head {name!r} ({missing.strerror})") from None


def parse(name: str, data: bytes) -> Head:
    """The head in the binary glTF file `data`. Raises HeadError."""
    try:
        return _parse(name, _File(data))
    except (KeyError, IndexError, ValueError, TypeError, struct.error) as damage:
        raise HeadError(f"face: the file of {name!r} is not a head: {damage}") from damage


class _File:
    """Binary glTF 2.0: its JSON, and the arrays of its accessors."""

    def __init__(self, data: bytes):
        magic, version, _, size, _ = struct.unpack_from("<4sIIII", data)
        if magic != b"glTF" or version != 2:
            raise ValueError("not binary glTF 2")
        self.json: dict[str, Any] = json.loads(data[20 : 20 + size])
        self._data, self._base = data, 20 + size + 8

    def dense(self, index: int) -> np.ndarray:
        """float32 (count, width), normalised integers as fractions."""
        accessor = self.json["accessors"][index]
        return self._values(accessor["bufferView"], accessor)

    def integers(self, index: int) -> np.ndarray:
        accessor = self.json["accessors"][index]
        return self._array(accessor["bufferView"], accessor["componentType"], accessor["count"], 1)[:, 0]

    def sparse(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """The places of an accessor that are not zero, and what stands there."""
        accessor = self.json["accessors"][index]
        where, count = accessor["sparse"]["indices"], accessor["sparse"]["count"]
        places = self._array(where["bufferView"], where["componentType"], count, 1)[:, 0]
        values = self._values(accessor["sparse"]["values"]["bufferView"], {**accessor, "count": count})
        return places.astype(np.int64), values

    def view(self, index: int) -> bytes:
        view = self.json["bufferViews"][index]
        start = self._base + view.get("byteOffset", 0)
        return self._data[start : start + view["byteLength"]]

    def _values(self, view: int, accessor: dict[str, Any]) -> np.ndarray:
        kind = accessor["componentType"]
        raw = self._array(view, kind, accessor["count"], _WIDTHS[accessor["type"]])
        return raw.astype(np.float32) / (_LARGEST[kind] if accessor.get("normalized") else 1)

    def _array(self, view: int, kind: int, count: int, width: int) -> np.ndarray:
        kind = np.dtype(_TYPES[kind])
        stride = self.json["bufferViews"][view].get("byteStride", width * kind.itemsize)
        return np.ndarray((count, width), kind, self.view(view), 0, (stride, kind.itemsize))


def _parse(name: str, file: _File) -> Head:
    parts, rests, moves, first = [], [], [], 0
    for mesh_name, mesh, primitive in _meshes(file):
        attributes = primitive["attributes"]
        rests.append(np.hstack([file.dense(attributes["POSITION"]), file.dense(attributes["NORMAL"])]))
        count = len(rests[-1])
        triangles = file.integers(primitive["indices"])
        coarse = file.integers(primitive["extras"]["coarse"]) if "extras" in primitive else triangles
        material = file.json["materials"][primitive["material"]]
        parts.append(
            Part(
                name=mesh_name,
                first=first,
                count=count,
                uv=file.dense(attributes["TEXCOORD_0"]),
                colour=file.dense(attributes["COLOR_0"]),
                along=file.dense(attributes["TANGENT"])
                if "TANGENT" in attributes
                else np.zeros((count, 4), np.float32),
                triangles=triangles.astype(np.uint32).reshape(-1, 3),
                coarse=coarse.astype(np.uint32).reshape(-1, 3),
                picture=_picture(file, material["pbrMetallicRoughness"]["baseColorTexture"]),
                folds=_picture(file, material["extras"]["folds"]) if "folds" in material.get("extras", {}) else None,
                pores=_picture(file, material["normalTexture"]) if "normalTexture" in material else None,
            )
        )
        units = mesh.get("extras", {}).get("targetNames", ())
        for target, unit in zip(primitive.get("targets", ()), units, strict=True):
            places, positions = file.sparse(target["POSITION"])
            moved = np.hstack([positions, file.sparse(target["NORMAL"])[1]])
            moves.append((COEFFICIENTS.index(unit), first + places, moved))
        first += count
    rest = np.concatenate(rests).astype(np.float32)
    moving = np.unique(np.concatenate([places for _, places, _ in moves]))
    deltas = np.zeros((len(COEFFICIENTS), len(moving), 6), np.float32)
    for unit, places, values in moves:
        deltas[unit, np.searchsorted(moving, places)] = values
    teeth = next(part for part in parts if part.name == "teeth")
    extras = file.json["scenes"][0]["extras"]
    return Head(
        name=name,
        rest=rest,
        moving=moving,
        deltas=deltas,
        parts=tuple(parts),
        pictures=tuple(file.view(image["bufferView"]) for image in file.json["images"]),
        folds=tuple(float(depth) for depth in extras.get("folds", (0, 0, 0))),
        pivot=tuple(float(metres) for metres in extras["pivot"]),
        front=float(rest[teeth.first : teeth.first + teeth.count, 2].max()),
    )


def _meshes(file: _File) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    for node in file.json["nodes"]:
        mesh = file.json["meshes"][node["mesh"]]
        yield node["name"], mesh, mesh["primitives"][0]


def _picture(file: _File, reference: dict[str, Any]) -> int:
    texture = file.json["textures"][reference["index"]]
    return texture.get("extensions", {}).get("EXT_texture_webp", {}).get("source", texture.get("source"))
