"""Meshes as arrays: subdivision, wedge vertices, normals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse


@dataclass(frozen=True)
class Mesh:
    """Triangles over wedge vertices (one per distinct position and texture coordinate)."""

    name: str
    positions: np.ndarray  # (vertices, 3)
    deltas: np.ndarray  # (face units, vertices, 3)
    uvs: np.ndarray  # (vertices, 2), origin at the lower left
    triangles: np.ndarray  # (triangles, 3)
    coarse: np.ndarray  # triangles of the mesh before it was subdivided, over the same vertices
    point: np.ndarray  # (vertices,) the position that a wedge vertex shares with its twins across a seam

    def posed(self, coefficients: dict[int, float]) -> np.ndarray:
        positions = self.positions.copy()
        for unit, value in coefficients.items():
            positions += self.deltas[unit] * value
        return positions

    def normals(self, positions: np.ndarray | None = None) -> np.ndarray:
        """Area-weighted vertex normals, smooth across texture seams."""
        p = self.positions if positions is None else positions
        a, b, c = (p[self.triangles[:, i]] for i in range(3))
        faces = np.cross(b - a, c - a)
        total = np.zeros((int(self.point.max()) + 1, 3))
        for i in range(3):
            np.add.at(total, self.point[self.triangles[:, i]], faces)
        normals = total[self.point]
        return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)

    def keep(self, triangles: np.ndarray, name: str | None = None) -> Mesh:
        """This mesh with only some of its triangles (a boolean mask), and only the vertices that they use."""
        kept = self.triangles[triangles]
        used, renumbered = np.unique(kept, return_inverse=True)
        place = np.full(len(self.positions), -1)
        place[used] = np.arange(len(used))
        coarse = place[self.coarse]
        return Mesh(
            name or self.name,
            self.positions[used],
            self.deltas[:, used],
            self.uvs[used],
            renumbered.reshape(-1, 3),
            coarse[(coarse >= 0).all(1)],
            np.unique(self.point[used], return_inverse=True)[1],
        )


def mesh(name: str, quads: np.ndarray, uvs: np.ndarray, positions: np.ndarray, deltas: np.ndarray, levels: int) -> Mesh:
    """Quads (with per-corner uvs) after `levels` Catmull-Clark subdivisions, as a `Mesh`."""
    coarse_keys = _keys(quads, uvs)
    for _ in range(levels):
        smooth, quads, uvs = _catmull_clark(quads, uvs, len(positions))
        positions = smooth @ positions
        deltas = np.stack([smooth @ delta for delta in deltas])
    wedges, first, wedge_of = np.unique(_keys(quads, uvs), axis=0, return_index=True, return_inverse=True)
    known = {tuple(wedge): i for i, wedge in enumerate(wedges.tolist())}
    coarse = np.array([known[tuple(key)] for key in coarse_keys.tolist()])
    point = wedges[:, 0]
    triangles = _triangles(wedge_of.ravel())
    return Mesh(
        name, positions[point], deltas[:, point], uvs.reshape(-1, 2)[first], triangles, _triangles(coarse), point
    )


def _keys(quads: np.ndarray, uvs: np.ndarray) -> np.ndarray:
    """What makes a wedge vertex, for each corner: its vertex and its texture coordinate."""
    return np.column_stack([quads.ravel(), np.round(uvs.reshape(-1, 2) * 16384).astype(int)])


def _triangles(corners: np.ndarray) -> np.ndarray:
    triangles = corners.reshape(-1, 4)[:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3)
    return triangles[(triangles[:, 0] != triangles[:, 1]) & (triangles[:, 1] != triangles[:, 2])]


def islands(uv_ids: np.ndarray) -> np.ndarray:
    """The texture island of each face: faces that share a texture vertex are on the same one."""
    first = np.repeat(uv_ids[:, 0], 4)
    links = sparse.coo_matrix((np.ones(uv_ids.size), (first, uv_ids.ravel())), shape=(uv_ids.max() + 1,) * 2)
    return sparse.csgraph.connected_components(links, directed=False)[1][uv_ids[:, 0]]


def _catmull_clark(quads: np.ndarray, uvs: np.ndarray, count: int) -> tuple[sparse.csr_matrix, np.ndarray, np.ndarray]:
    """One level: a matrix from old to new vertices, the new quads and their uvs (uvs are interpolated linearly)."""
    sizes = np.where(quads[:, 2] == quads[:, 3], 3, 4)
    edges: dict[tuple[int, int], int] = {}
    edge_faces: list[list[int]] = []
    face_edges: list[list[int]] = []
    for face, quad in enumerate(quads):
        ring = []
        for i in range(sizes[face]):
            a, b = int(quad[i]), int(quad[(i + 1) % sizes[face]])
            edge = edges.setdefault((min(a, b), max(a, b)), len(edges))
            if edge == len(edge_faces):
                edge_faces.append([])
            edge_faces[edge].append(face)
            ring.append(edge)
        face_edges.append(ring)
    ends = list(edges)
    rows, columns, values = [], [], []

    def add(row: int, column: int, value: float) -> None:
        rows.append(row)
        columns.append(column)
        values.append(value)

    first_face_point = count + len(ends)
    for face, quad in enumerate(quads):
        for i in range(sizes[face]):
            add(first_face_point + face, quad[i], 1 / sizes[face])
    for edge, (a, b) in enumerate(ends):
        inner = len(edge_faces[edge]) == 2
        add(count + edge, a, 0.25 if inner else 0.5)
        add(count + edge, b, 0.25 if inner else 0.5)
        for face in edge_faces[edge] if inner else ():
            for i in range(sizes[face]):
                add(count + edge, quads[face][i], 0.25 / sizes[face])
    vertex_faces: list[set[int]] = [set() for _ in range(count)]
    vertex_edges: list[list[int]] = [[] for _ in range(count)]
    for face, quad in enumerate(quads):
        for vertex in quad:
            vertex_faces[vertex].add(face)
    for edge, (a, b) in enumerate(ends):
        vertex_edges[a].append(edge)
        vertex_edges[b].append(edge)
    for vertex in range(count):
        border = [edge for edge in vertex_edges[vertex] if len(edge_faces[edge]) != 2]
        valence = len(vertex_edges[vertex])
        if not valence or (border and len(border) != 2):
            add(vertex, vertex, 1)
        elif border:
            add(vertex, vertex, 0.75)
            for edge in border:
                add(vertex, sum(ends[edge]) - vertex, 0.125)
        else:
            faces = vertex_faces[vertex]
            for face in faces:
                for i in range(sizes[face]):
                    add(vertex, quads[face][i], 1 / (valence * len(faces) * sizes[face]))
            for edge in vertex_edges[vertex]:
                for end in ends[edge]:
                    add(vertex, end, 1 / valence**2)
            add(vertex, vertex, (valence - 3) / valence)
    matrix = sparse.csr_matrix((values, (rows, columns)), shape=(first_face_point + len(quads), count))

    new_quads, new_uvs = [], []
    for face, quad in enumerate(quads):
        size = sizes[face]
        corner_uvs = uvs[face][:size]
        for i in range(size):
            after, before = (i + 1) % size, (i - 1) % size
            new_quads.append(
                [quad[i], count + face_edges[face][i], first_face_point + face, count + face_edges[face][before]]
            )
            new_uvs.append(
                [
                    corner_uvs[i],
                    (corner_uvs[i] + corner_uvs[after]) / 2,
                    corner_uvs.mean(0),
                    (corner_uvs[i] + corner_uvs[before]) / 2,
                ]
            )
    return matrix, np.array(new_quads), np.array(new_uvs)
