"""Writes binary glTF 2.0: sparse morph targets, embedded textures. Nothing else of the format."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np

_FLOAT, _SHORT, _USHORT, _BYTE, _UBYTE = 5126, 5122, 5123, 5120, 5121
_ARRAY, _INDEX = 34962, 34963


@dataclass
class Glb:
    """Collects meshes; `bytes()` is the file. Lengths are metres."""

    extras: dict[str, Any]
    _json: dict[str, Any] = field(init=False)
    _binary: bytearray = field(init=False, default_factory=bytearray)

    def __post_init__(self) -> None:
        self._json = {
            "asset": {"version": "2.0", "generator": "coachtool face_asset"},
            "extensionsUsed": ["KHR_mesh_quantization", "EXT_texture_webp"],
            "extensionsRequired": ["KHR_mesh_quantization", "EXT_texture_webp"],
            "scene": 0,
            "scenes": [{"nodes": [], "extras": self.extras}],
            **{key: [] for key in ("nodes", "meshes", "materials", "textures", "images", "accessors", "bufferViews")},
            "samplers": [{"magFilter": 9729, "minFilter": 9987}],
        }

    def add_mesh(
        self,
        name: str,
        *,
        positions: np.ndarray,
        normals: np.ndarray,
        uvs: np.ndarray,
        colours: np.ndarray,
        triangles: np.ndarray,
        coarse: np.ndarray,
        targets: dict[str, tuple[np.ndarray, np.ndarray]],
        material: int,
        along: np.ndarray | None = None,
        smallest: float = 6e-5,
    ) -> None:
        """`along`: the direction of strands at each vertex (TANGENT). `coarse`: fewer triangles over the same
        vertices, for slow renderers; an accessor named in the primitive's extras. `targets`: position and normal deltas
        by name; position deltas below `smallest` metres are left out."""
        count = len(positions)
        primitive = {
            "attributes": {
                "POSITION": self._accessor(positions.astype("<f4"), _FLOAT, "VEC3", limits=True),
                "NORMAL": self._accessor(_quantised(normals, "<i2", pad=True), _SHORT, "VEC3", normalized=True),
                "TEXCOORD_0": self._accessor(_quantised(uvs, "<u2"), _USHORT, "VEC2", normalized=True),
                "COLOR_0": self._accessor(_quantised(colours, "u1"), _UBYTE, "VEC4", normalized=True),
            },
            "indices": self._accessor(triangles.astype("<u2").ravel(), _USHORT, "SCALAR", target=_INDEX),
            "material": material,
            "targets": [],
        }
        if along is not None:
            tangents = np.column_stack([_quantised(along, "i1"), np.full(len(along), 127, "i1")])
            primitive["attributes"]["TANGENT"] = self._accessor(tangents, _BYTE, "VEC4", normalized=True)
        if len(coarse) < len(triangles):
            indices = self._accessor(coarse.astype("<u2").ravel(), _USHORT, "SCALAR", target=_INDEX)
            primitive["extras"] = {"coarse": indices}
        for position_delta, normal_delta in targets.values():
            moved = np.flatnonzero(np.abs(position_delta).max(1) > smallest)
            if not len(moved):
                moved = np.array([0])
            where = self._view(moved.astype("<u2").tobytes())
            primitive["targets"].append(
                {
                    "POSITION": self._sparse(
                        count, where, len(moved), _quantised(position_delta[moved], "<i2"), _SHORT
                    ),
                    "NORMAL": self._sparse(count, where, len(moved), _quantised(normal_delta[moved], "i1"), _BYTE),
                }
            )
        mesh: dict[str, Any] = {"name": name, "primitives": [primitive]}
        if targets:
            mesh["extras"] = {"targetNames": list(targets)}
            mesh["weights"] = [0] * len(targets)
        else:
            del primitive["targets"]
        self._json["meshes"].append(mesh)
        self._json["scenes"][0]["nodes"].append(len(self._json["nodes"]))
        self._json["nodes"].append({"name": name, "mesh": len(self._json["meshes"]) - 1})

    def add_material(self, name: str, texture: int, *, roughness: float, blend: str = "OPAQUE", **more: Any) -> int:
        self._json["materials"].append(
            {
                "name": name,
                "pbrMetallicRoughness": {
                    "baseColorTexture": {"index": texture},
                    "metallicFactor": 0,
                    "roughnessFactor": roughness,
                },
                "alphaMode": blend,
                "doubleSided": blend != "OPAQUE",
                **more,
            }
        )
        return len(self._json["materials"]) - 1

    def add_texture(self, encoded: bytes, mime: str) -> int:
        self._json["images"].append({"bufferView": self._view(encoded), "mimeType": mime})
        source = len(self._json["images"]) - 1
        texture: dict[str, Any] = {"sampler": 0, "source": source}
        if mime == "image/webp":
            texture = {"sampler": 0, "extensions": {"EXT_texture_webp": {"source": source}}}
        self._json["textures"].append(texture)
        return len(self._json["textures"]) - 1

    def bytes(self) -> bytes:
        binary = bytes(self._binary) + b"\0" * (-len(self._binary) % 4)
        text = json.dumps({**self._json, "buffers": [{"byteLength": len(binary)}]}, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 4)
        header = struct.pack("<4sII", b"glTF", 2, 12 + 8 + len(text) + 8 + len(binary))
        return (
            header
            + struct.pack("<I4s", len(text), b"JSON")
            + text
            + struct.pack("<I4s", len(binary), b"BIN\0")
            + binary
        )

    def _view(self, data: bytes, target: int | None = None, stride: int | None = None) -> int:
        self._binary.extend(b"\0" * (-len(self._binary) % 4))
        view: dict[str, Any] = {"buffer": 0, "byteOffset": len(self._binary), "byteLength": len(data)}
        if target:
            view["target"] = target
        if stride:
            view["byteStride"] = stride
        self._binary.extend(data)
        self._json["bufferViews"].append(view)
        return len(self._json["bufferViews"]) - 1

    def _accessor(
        self, values: np.ndarray, kind: int, shape: str, *, normalized=False, limits=False, target=_ARRAY
    ) -> int:
        stride = values.strides[0] if target == _ARRAY else None
        accessor: dict[str, Any] = {
            "bufferView": self._view(values.tobytes(), target, stride),
            "componentType": kind,
            "count": len(values),
            "type": shape,
        }
        if normalized:
            accessor["normalized"] = True
        if limits:
            accessor |= {"min": values.min(0).tolist(), "max": values.max(0).tolist()}
        self._json["accessors"].append(accessor)
        return len(self._json["accessors"]) - 1

    def _sparse(self, count: int, where: int, moved: int, values: np.ndarray, kind: int) -> int:
        self._json["accessors"].append(
            {
                "componentType": kind,
                "normalized": True,
                "count": count,
                "type": "VEC3",
                "min": np.minimum(values.min(0), 0).tolist(),
                "max": np.maximum(values.max(0), 0).tolist(),
                "sparse": {
                    "count": moved,
                    "indices": {"bufferView": where, "componentType": _USHORT},
                    "values": {"bufferView": self._view(values.tobytes())},
                },
            }
        )
        return len(self._json["accessors"]) - 1


def _quantised(values: np.ndarray, kind: str, pad: bool = False) -> np.ndarray:
    """Values of -1..1 (or 0..1) as normalised integers; `pad` adds a fourth component for alignment."""
    info = np.iinfo(kind)
    low = -info.max if info.min < 0 else 0
    integers = np.clip(np.round(values * info.max), low, info.max).astype(kind)
    return np.column_stack([integers, np.zeros(len(integers), kind)]) if pad else integers
