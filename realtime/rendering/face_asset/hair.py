"""Hair: strips of strands that grow from the scalp, follow a comb, fall and are cut. Lengths are decimetres from the
middle between the eyes, x to the person's left, y up, z to the front."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, gaussian_filter1d
from scipy.spatial import cKDTree

from .mesh import Mesh
from .personas import Cut

CENTRE = np.array([0.0, 0.25, -0.65])  # the skull is seen from here: a distance for every direction
# The hairline: degrees round the vertical axis through CENTRE, 0 in front, and how high it lies there.
_ROUND = (0, 12, 25, 38, 50, 60, 68, 74, 80, 86, 92, 100, 110, 118, 130, 150, 180)
_HEIGHT = (0.66, 0.67, 0.68, 0.65, 0.57, 0.42, 0.25, 0.05, -0.12, -0.02, 0.12, 0.14, 0.0, -0.28, -0.55, -0.78, -0.85)
_TEMPLES = (0, 0, 0.02, 0.07, 0.08, 0.03, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)  # where it first recedes
COLUMNS = 4  # kinds of strips side by side in the texture; the last one is sparse
_STEP = 0.05
_LIMIT = 70  # steps


@dataclass(frozen=True)
class Hair:
    mesh: Mesh
    normals: np.ndarray  # (vertices, 3): of the round shape that the strips make together
    along: np.ndarray  # (vertices, 3): from root to tip
    depth: np.ndarray  # (vertices,): 0 next to the scalp, 1 outermost


def scalp(points: np.ndarray, recede: float = 0.0) -> np.ndarray:
    """How surely each point of the skin lies where hair grows, 0..1."""
    x, y, z = points.T
    angle = np.degrees(np.arctan2(np.abs(x), z - CENTRE[2]))
    line = np.interp(angle, _ROUND, np.array(_HEIGHT) + recede * 2.2 * np.array(_TEMPLES))
    ear = (np.abs(x) > 0.765) & (y < 0.1) & (z > -1.15)
    return np.where(ear, 0.0, np.clip((y - line) / 0.07 + 0.5, 0, 1))


def grow(cut: Cut, skin: Mesh, units: int, seed: int) -> Hair:
    """`skin`: with the head; `units`: how many face units there are (none of them moves hair)."""
    rng = np.random.default_rng(seed)
    skull = _Skull(skin.positions)
    roots = _roots(cut, skin, rng)
    layer = rng.random(len(roots)) ** 0.8
    paths = _fall(cut, roots, layer, skull, rng)
    order = np.argsort(-layer)  # what covers most is drawn first
    roots, paths, layer = roots[order], paths[order], layer[order]
    few = _spread(roots, np.flatnonzero((layer > 0.2) & (layer < 0.8)), cut.few)
    return _strips(cut, paths, layer, few, units, rng)


class _Skull:
    """The head without ears as a distance from CENTRE for every direction."""

    def __init__(self, points: np.ndarray):
        x, y, _ = points.T
        own = points[((np.abs(x) < 0.77) | (y > 0.1)) & (y > -1.1)]
        away = own - CENTRE
        radius = np.linalg.norm(away, axis=1)
        self.tree = cKDTree(away / radius[:, None])
        self.radius = radius

    def split(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """For each point its direction from CENTRE, how far away it is and how far the skull reaches there."""
        away = points - CENTRE
        far = np.linalg.norm(away, axis=1)
        towards = away / far[:, None]
        near, which = self.tree.query(towards, k=12)
        share = np.exp(-((near / 0.09) ** 2)) + 1e-6
        reach = (self.radius[which] * share).sum(1) / share.sum(1)
        return towards, far, np.where(near[:, 0] < 0.2, reach, 0.0)


def _roots(cut: Cut, skin: Mesh, rng: np.random.Generator) -> np.ndarray:
    a, b, c = (skin.positions[skin.triangles[:, i]] for i in range(3))
    middle = (a + b + c) / 3
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    away = (middle - CENTRE) / np.linalg.norm(middle - CENTRE, axis=1, keepdims=True)
    facing = np.einsum("fc,fc->f", np.cross(b - a, c - a), away) > 0
    sure = scalp(middle, cut.recede) * facing * (middle[:, 1] > -1)
    # Denser at the hairline and along the parting, where the scalp would show.
    edge = 1 + 1.5 * (sure < 0.99) + 1.6 * (np.abs(middle[:, 0] - cut.part) < 0.14)
    chosen = rng.choice(len(area), cut.strips, p=(area * sure * edge) / (area * sure * edge).sum())
    u, v = rng.random((2, cut.strips, 1))
    u, v = np.where(u + v > 1, 1 - u, u), np.where(u + v > 1, 1 - v, v)
    return a[chosen] + u * (b[chosen] - a[chosen]) + v * (c[chosen] - a[chosen])


def _spread(points: np.ndarray, among: np.ndarray, count: int) -> np.ndarray:
    """The places of `count` points, all from `among`, that lie far from one another."""
    chosen = [among[0]]
    away = np.linalg.norm(points[among] - points[among[0]], axis=1)
    while len(chosen) < min(count, len(among)):
        chosen.append(among[away.argmax()])
        away = np.minimum(away, np.linalg.norm(points[among] - points[chosen[-1]], axis=1))
    return np.sort(chosen)


def _fall(cut: Cut, roots: np.ndarray, layer: np.ndarray, skull: _Skull, rng: np.random.Generator) -> np.ndarray:
    """Where each strand runs: (strips, points, 3)."""
    count = len(roots)
    side = np.where(roots[:, 0] + rng.normal(0, 0.015, count) > cut.part, 1.0, -1.0)
    comb = np.array(cut.comb) * np.column_stack([side, np.ones((count, 2))])
    unruly = rng.normal(0, cut.curl, (count, 3))
    top = np.clip((roots[:, 1] - 0.45) / 0.4, 0, 1)
    if cut.hem is None:  # short hair at the sides lies down
        comb = comb * top[:, None] + np.array([0, -0.8, -0.35]) * (1 - top[:, None])
        unruly *= 0.35 + 0.65 * top[:, None]
    lift = cut.lift * (1.0 if cut.hem is not None else 0.4 + 0.6 * top)
    length = (cut.length[1] + (cut.length[0] - cut.length[1]) * top) * rng.uniform(0.75, 1.1, count)
    hem = None if cut.hem is None else cut.hem + rng.normal(0, 0.035, count) - 0.12 * (roots[:, 2] + 0.6)
    towards, _, _ = skull.split(roots)
    point = roots.copy()
    going = comb + unruly + towards * 0.5
    going /= np.linalg.norm(going, axis=1, keepdims=True)
    path = [point.copy()]
    done = np.zeros(count, dtype=bool)
    for step in range(_LIMIT):
        towards, far, reach = skull.split(point)
        gone = step * _STEP
        free = np.clip((far - reach) / 0.25, 0, 1)[:, None] if cut.hem is not None else 0.0
        weight = 1.0 if cut.hem is None else np.clip(1.0 - gone / 1.1, 0, 1)
        pull = weight * comb + (np.array([0, -1.0, 0]) * (1.15 - weight) if cut.hem is not None else 0)
        flat = pull - towards * (pull * towards).sum(1, keepdims=True)
        pull = flat * (1 - free) + pull * free + unruly * (1.2 if cut.hem is None else 0.4)
        going = going * cut.stiff + pull * (1 - cut.stiff)
        going /= np.maximum(np.linalg.norm(going, axis=1, keepdims=True), 1e-6)
        moved = point + going * _STEP
        towards, far, reach = skull.split(moved)
        held = reach + lift * (0.12 + 0.88 * layer) * min(1, 0.3 + gone / 0.35)
        on_head = moved[:, 1] > -0.55
        limit = np.where(
            (far < held) & (moved[:, 1] > -0.85), held, np.where(on_head, far - 0.35 * np.maximum(far - held, 0), far)
        )
        moved = CENTRE + towards * limit[:, None]
        # Below the jaw hair hangs: it does not spread any further.
        widest = np.where(moved[:, 1] < -0.5, np.abs(point[:, 0]) + 0.002, np.inf)
        moved[:, 0] = np.sign(moved[:, 0]) * np.minimum(np.abs(moved[:, 0]), widest)
        done |= (gone + _STEP > length) if hem is None else (moved[:, 1] < hem)
        point = np.where(done[:, None], point, moved)
        path.append(point.copy())
        if done.all():
            break
    paths = np.stack(path, axis=1)
    smooth = gaussian_filter1d(paths, 2.5 if hem is not None else 1.2, axis=1, mode="nearest")
    smooth += (paths[:, :1] - smooth[:, :1]) * np.exp(-np.arange(paths.shape[1]) / 3.0)[None, :, None]
    return _resampled(smooth, cut.points, rng)


def _resampled(paths: np.ndarray, points: int, rng: np.random.Generator) -> np.ndarray:
    """A few points along each path, closer together near the root, where it bends; never all at the same height."""
    share = np.tile(np.linspace(0, 1, points), (len(paths), 1))
    share[:, 1:-1] += rng.uniform(-0.4, 0.4, (len(paths), points - 2)) / (points - 1)
    share **= 1.3
    run = np.concatenate([np.zeros((len(paths), 1)), np.linalg.norm(np.diff(paths, axis=1), axis=2).cumsum(1)], axis=1)
    return np.stack(
        [
            np.column_stack([np.interp(own * r[-1], r, path[:, c]) for c in range(3)])
            for own, r, path in zip(share, run, paths, strict=True)
        ]
    )


def _strips(
    cut: Cut, paths: np.ndarray, layer: np.ndarray, few: np.ndarray, units: int, rng: np.random.Generator
) -> Hair:
    """`few`: those that slow renderers draw, wider than the others."""
    count, points, _ = paths.shape
    along = np.gradient(paths, axis=1)
    along /= np.maximum(np.linalg.norm(along, axis=2, keepdims=True), 1e-9)
    outward = paths - CENTRE
    outward[..., 1] *= np.where(paths[..., 1] > CENTRE[1], 1.0, 0.15)  # below the skull hair hangs like a curtain
    outward -= along * (outward * along).sum(2, keepdims=True)
    outward /= np.maximum(np.linalg.norm(outward, axis=2, keepdims=True), 1e-9)
    across = np.cross(along, outward)
    turn = rng.normal(0, 0.45 if cut.hem is None else 0.3, (count, 1, 1))
    turn[few] *= 0.4  # a wide strip on its edge would stand out
    across = across * np.cos(turn) + outward * np.sin(turn)
    share = np.linspace(0, 1, points) ** 1.3
    width = cut.width * rng.uniform(0.7, 1.3, (count, 1)) * (1 - cut.taper * share**2)
    width[few] *= cut.few_wide
    left = paths - across * width[..., None] / 2
    right = paths + across * width[..., None] / 2
    positions = np.stack([left, right], axis=2).reshape(-1, 3)
    # Outermost strips are sparse: their edge must not be a line.
    column = np.where(
        (layer > 0.86) | (rng.random(count) < cut.sparse), COLUMNS - 1, rng.integers(0, COLUMNS - 1, count)
    )
    column[few] %= COLUMNS - 1
    mirrored = rng.random(count) < 0.5
    edges = np.stack([np.where(mirrored, 1, 0), np.where(mirrored, 0, 1)], axis=1) * 0.94 + 0.03
    u = np.broadcast_to(((column[:, None] + edges) / COLUMNS)[:, None, :], (count, points, 2))
    v = np.broadcast_to((1 - 0.98 * share - 0.01)[None, :, None], (count, points, 2))
    uvs = np.stack([u, v], axis=3).reshape(-1, 2)
    bent = across[:, :, None] * np.array([-0.35, 0.35])[:, None]  # each strip is a little round
    normals = (outward[:, :, None] + bent).reshape(-1, 3)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    mesh = Mesh(
        "hair",
        positions,
        np.zeros((units, len(positions), 3)),
        uvs,
        _ladder(np.arange(count), points, np.arange(points)),
        _ladder(few, points, np.unique(np.linspace(0, points - 1, 8).round().astype(int))),
        np.arange(len(positions)),
    )
    depth = np.repeat(np.broadcast_to(layer[:, None], (count, points)).ravel(), 2)
    return Hair(mesh, normals, np.repeat(along.reshape(-1, 3), 2, axis=0), depth)


def _ladder(strips: np.ndarray, points: int, rungs: np.ndarray) -> np.ndarray:
    """Triangles of these strips that use only these points along each."""
    first = strips[:, None] * points * 2
    a, b = first + rungs[:-1] * 2, first + rungs[1:] * 2
    return np.stack([a, b, a + 1, a + 1, b, b + 1], axis=2).reshape(-1, 3)


def texture(tone: np.ndarray, contrast: float, grey: float, coiled: bool, seed: int, size: int = 512) -> np.ndarray:
    """Strips of strands side by side, roots at the top, as R, G, B, alpha; `grey`: the share of white hairs."""
    rng = np.random.default_rng(seed)
    light, cover = np.zeros((size, size)), np.zeros((size, size))
    rows = np.arange(size)
    share = rows / size
    column = size // COLUMNS
    for kind in range(COLUMNS):
        sparse = kind == COLUMNS - 1
        for strand in range(44 if sparse else 190):
            middle = rng.normal(0, 0.21) if not sparse else rng.uniform(-0.4, 0.4)
            if abs(middle) > 0.46:
                continue
            gather = rng.uniform(0.1, 0.5)
            wave = rng.uniform(0.005, 0.03) * np.sin(share * rng.uniform(3, 9) + rng.uniform(0, 6.3))
            if coiled:
                wave = rng.uniform(0.05, 0.14) * np.sin(share * rng.uniform(18, 34) + rng.uniform(0, 6.3))
            x = (0.5 + middle * (1 - gather * share) + wave) * column
            ends = size * (rng.uniform(0.55, 1.0) if strand % 3 else rng.uniform(0.85, 1.0))
            thick = rng.uniform(1.0, 2.0) * np.clip((ends - rows) / (0.12 * size), 0, 1) ** 0.7
            tint = np.exp(rng.normal(0, 0.18 * contrast)) + (
                0.22 / max(tone.mean(), 0.05) if rng.random() < grey else 0
            )
            left = np.floor(x).astype(int)
            for offset in (-1, 0, 1, 2):
                at = left + offset
                inside = (at >= 2) & (at < column - 2) & (rows < ends)
                amount = np.clip(thick * 0.5 + 0.5 - np.abs(at - x), 0, 1) * inside
                at = np.clip(at, 0, column - 1) + kind * column
                light[rows, at] = light[rows, at] * (1 - amount) + tint * amount
                cover[rows, at] = np.maximum(cover[rows, at], amount)
    weight = gaussian_filter(cover, (12, 3)) + 1e-3
    filled = gaussian_filter(light * cover, (12, 3)) / weight
    light = np.where(cover > 0.5, light, filled)
    root = 0.75 + 0.25 * np.clip(share / 0.25, 0, 1)[:, None]
    return np.dstack([np.clip(tone * (light * root)[..., None], 0, 1), np.clip(cover * 1.15, 0, 1)])
