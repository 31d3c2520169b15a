"""Light that does not move with the face, computed once per vertex: open sky and the key light's softened shadow."""

from __future__ import annotations

import numpy as np
import trimesh

# From the face towards the key light; `KEY` in static/face/materials.js is the same direction.
KEY_DIRECTION = np.array([-0.55, 0.5, 0.75]) / np.linalg.norm([-0.55, 0.5, 0.75])
_KEY_SPREAD = 0.22  # half width of the key light as seen from the face, radians
_LIFT = 0.006  # where rays start, decimetres above the surface


class Occluders:
    """Triangles that block light. `veils` (hair cards, half transparent) block part of it only."""

    def __init__(self, solids: list[tuple[np.ndarray, np.ndarray]], veils: list[tuple[np.ndarray, np.ndarray]]):
        self._solid = _scene(solids)
        self._veil = _scene(veils)

    def visibility(self, points: np.ndarray, normals: np.ndarray, directions: np.ndarray) -> np.ndarray:
        """For each point, how much light arrives from each of `directions` (d, 3), 0 to 1: (points, d)."""
        starts = np.repeat(points + normals * _LIFT, len(directions), axis=0)
        rays = np.tile(directions, (len(points), 1))
        open_ = ~self._solid.intersects_any(starts, rays)
        if self._veil is not None:
            open_ = open_ * np.where(self._veil.intersects_any(starts, rays), 0.5, 1.0)
        return open_.reshape(len(points), -1).astype(float)

    def sky(self, points: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """Cosine-weighted share of the sphere that each point sees."""
        directions = _sphere(144)
        cosine = np.maximum(normals @ directions.T, 0)
        return (self.visibility(points, normals, directions) * cosine).sum(1) / np.maximum(cosine.sum(1), 1e-9)

    def key(self, points: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """Share of the key light that reaches each point, its angle to the surface left aside."""
        return self.visibility(points, normals, _cone(KEY_DIRECTION, _KEY_SPREAD, 40)).mean(1)


def seen_from_the_front(
    meshes: dict[str, tuple[np.ndarray, np.ndarray]], reach: float, views: list[tuple[float, float]]
) -> dict[str, np.ndarray]:
    """Which triangles show (a boolean each) to eyes 15 dm away, at angles (yaw, pitch) in radians; `reach`: half the
    height and width, decimetres, of what is looked at."""
    scene = _scene(list(meshes.values()))
    counts = np.cumsum([0] + [len(triangles) for _, triangles in meshes.values()])
    shown = np.zeros(counts[-1], dtype=bool)
    y, x = np.meshgrid(np.arange(-reach * 1.5, reach, 0.012), np.arange(-reach, reach, 0.012))
    grid = np.column_stack([x.ravel(), y.ravel(), np.zeros(x.size)])
    for yaw, pitch in views:
        turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
        turn = turn @ np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
        eye = turn @ np.array([0, 0, 15.0])
        hit = scene.intersects_first(np.tile(eye, (len(grid), 1)), grid @ turn.T - eye)
        shown[hit[hit >= 0]] = True
    return {key: shown[counts[i] : counts[i + 1]] for i, key in enumerate(meshes)}


def _scene(meshes: list[tuple[np.ndarray, np.ndarray]]):
    if not meshes:
        return None
    joined = trimesh.util.concatenate([trimesh.Trimesh(p, t, process=False) for p, t in meshes])
    return trimesh.ray.ray_pyembree.RayMeshIntersector(joined, scale_to_box=False)


def _sphere(count: int) -> np.ndarray:
    i = np.arange(count)
    z = 1 - 2 * (i + 0.5) / count
    angle = i * np.pi * (3 - np.sqrt(5))
    r = np.sqrt(1 - z * z)
    return np.column_stack([r * np.cos(angle), z, r * np.sin(angle)])


def _cone(axis: np.ndarray, spread: float, count: int) -> np.ndarray:
    side = np.cross(axis, [0, 1, 0])
    side /= np.linalg.norm(side)
    up = np.cross(side, axis)
    i = np.arange(count)
    radius = np.tan(spread) * np.sqrt((i + 0.5) / count)
    angle = i * np.pi * (3 - np.sqrt(5))
    rays = axis + np.outer(radius * np.cos(angle), side) + np.outer(radius * np.sin(angle), up)
    return rays / np.linalg.norm(rays, axis=1, keepdims=True)
