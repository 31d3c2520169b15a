"""The heads' textures. Colours are sRGB 0..1 in R, G, B order; images have their first row at the top."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from scipy.interpolate import LinearNDInterpolator, NearestNDInterpolator
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.spatial import cKDTree

from .parts import Parts
from .personas import Colour, Recipe


@dataclass(frozen=True)
class Slot:
    """Where an island of the body's texture space goes in the head's own texture: boxes (u0, v0, u1, v1)."""

    source: tuple[float, float, float, float]
    target: tuple[float, float, float, float]

    def place(self, uv: np.ndarray) -> np.ndarray:
        s, t = np.array(self.source), np.array(self.target)
        return t[:2] + (uv - s[:2]) / (s[2:] - s[:2]) * (t[2:] - t[:2])

    def origin(self, uv: np.ndarray) -> np.ndarray:
        return Slot(self.target, self.source).place(uv)

    def __contains__(self, uv: np.ndarray) -> bool:
        return bool((uv >= self.source[:2]).all() and (uv <= self.source[2:]).all())


SKIN_SIZE = (1024, 2048)  # width, height
HEAD = Slot((0.638, 0.145, 0.997, 0.822), (0.0, 0.25, 1.0, 1.0))
MOUTH = Slot((0.755, 0.009, 0.927, 0.139), (0.77, 0.13, 1.0, 0.245))
SOCKETS = (
    Slot((0.009, 0.544, 0.08, 0.636), (0.77, 0.0, 0.88, 0.12)),
    Slot((0.083, 0.544, 0.154, 0.636), (0.89, 0.0, 1.0, 0.12)),
)
TORSO_TARGET = (0.005, 0.005, 0.76, 0.245)


def jpeg(image: np.ndarray, quality: int = 88) -> bytes:
    return _encode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])


def webp(image: np.ndarray, quality: int = 85) -> bytes:
    return _encode(".webp", image, [cv2.IMWRITE_WEBP_QUALITY, quality])


def read(path: Path) -> np.ndarray:
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED).astype(float) / 255
    if image.ndim == 2:
        return image
    return image[:, :, [2, 1, 0, 3][: image.shape[2]]]


def skin(
    recipe: Recipe,
    parts: Parts,
    slots: list[tuple[Slot, np.ndarray, np.ndarray]],
    seam: np.ndarray,
    strands: np.ndarray,
) -> np.ndarray:
    """The albedo of the whole skin. `slots`: each island's slot, its vertices' own uvs and positions; `seam`:
    positions where the head's island meets the neck's; `strands`: positions of the hair."""
    width, height = SKIN_SIZE
    image = np.empty((height, width, 3))
    image[:] = recipe.skin_tone
    for slot, uvs, positions in slots:
        u0, v0, u1, v1 = slot.target
        columns = np.arange(max(int(u0 * width) - 4, 0), min(int(u1 * width) + 4, width))
        rows = np.arange(max(int((1 - v1) * height) - 4, 0), min(int((1 - v0) * height) + 4, height))
        u, v = np.meshgrid((columns + 0.5) / width, 1 - (rows + 0.5) / height)
        texels = np.column_stack([u.ravel(), v.ravel()])
        where = _positions(uvs, positions, texels)
        if slot is HEAD:
            painted = _face(recipe, parts, slot.origin(texels), where, seam, strands)
        elif slot is MOUTH:
            painted = np.tile([0.46, 0.20, 0.19], (len(texels), 1)) * _mottle(where, recipe.seed, 0.06)[:, None]
        elif slot in SOCKETS:
            painted = np.tile([0.62, 0.36, 0.32], (len(texels), 1))
        else:
            painted = recipe.skin_tone * _complexion(where, recipe.seed)
        image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = painted.reshape(len(rows), len(columns), 3)
    return image


def _face(
    recipe: Recipe, parts: Parts, origin: np.ndarray, where: np.ndarray, seam: np.ndarray, strands: np.ndarray
) -> np.ndarray:
    source = gaussian_filter(read(parts.skin(recipe.skin)), (0.7, 0.7, 0))
    face = _sample(read(parts.mask("face")), origin)
    own = _sample(source, origin)
    usual = np.median(own[face > 0.9], axis=0)
    relative = np.clip(own / usual, 0.45, 1.3) ** recipe.skin_contrast
    near_seam = _step(0.45, 0.05, cKDTree(seam).query(where)[0])[:, None]
    relative = relative * (1 - near_seam) + near_seam
    colour = recipe.skin_tone * relative * _complexion(where, recipe.seed)

    for centre, radius, strength in (
        ((0.38, -0.42, 0.15), 0.26, 0.8),
        ((-0.38, -0.42, 0.15), 0.26, 0.8),
        ((0.0, -0.42, 0.45), 0.15, 0.7),
        ((0.0, -1.05, 0.25), 0.18, 0.4),
        ((0.72, -0.2, -0.9), 0.3, 0.8),
        ((-0.72, -0.2, -0.9), 0.3, 0.8),
    ):
        near = np.exp(-(((where - centre) / radius) ** 2).sum(1)) * strength * recipe.blush
        colour *= 1 + near[:, None] * np.array([0.02, -0.13, -0.11])
    for side in (-1, 1):
        under = np.exp(-(((where - (side * 0.30, -0.20, 0.05)) / (0.17, 0.085, 0.4)) ** 2).sum(1)) * recipe.under_eye
        colour *= 1 - under[:, None] * np.array([0.10, 0.14, 0.10])
    lids = gaussian_filter(read(parts.mask("eyelids")), 2)
    colour *= 1 - _sample(lids, origin)[:, None] * np.array([0.03, 0.07, 0.06])

    lips = _sample(gaussian_filter(read(parts.mask("lips")), 2.2), origin)
    lines = 1 + 0.05 * _noise(where * (60, 6, 6), recipe.seed + 9)
    shade = (own.mean(1) / usual.mean() / 0.82).clip(0.75, 1.15)
    lip = recipe.lip_tone * (lines * shade)[:, None]
    amount = (_step(0.25, 0.75, lips) * 0.85)[:, None]
    colour = colour * (1 - amount) + lip * amount

    painted = _sample(gaussian_filter(read(parts.skin("middleage_darkskinned_female_diffuse")).mean(2), 1.6), origin)
    scalp = _step(0.16, 0.07, painted) * _step(0.25, 0.6, where[:, 1] - where[:, 2] * 0.55)
    # Short hair under the edge of the long hair softens the hairline.
    height = where[:, 1] - where[:, 2] * 0.55
    edge = _step(0.34, 0.10, cKDTree(strands).query(where)[0]) * _step(0.35, 0.6, height)
    grain = 0.5 + 0.5 * _noise(where * (40, 9, 9), recipe.seed + 5)
    amount = (np.clip(np.maximum(scalp, edge) * (0.72 + 0.4 * grain), 0, 0.94))[:, None]
    return colour * (1 - amount) + np.array(recipe.hair_tone) * 0.5 * amount


def iris(recipe: Recipe, size: int = 512) -> np.ndarray:
    """One eye seen from the front; the iris' rim lies at `IRIS_RADIUS` of the image's width from its middle."""
    y, x = np.mgrid[0:size, 0:size] / (size - 1) - 0.5
    r, angle = np.hypot(x, y) / IRIS_RADIUS, np.arctan2(y, x)
    rng = np.random.default_rng(recipe.seed)
    fibres = np.zeros_like(r)
    for waves in range(18, 150, 6):
        bend = rng.uniform(-0.6, 0.6)
        fibres += np.sin(angle * waves + bend * r * 6 + rng.uniform(0, 6.3)) / np.sqrt(waves) * rng.uniform(0.4, 1)
    fibres /= np.abs(fibres).max()
    zone = _step(0.42, 0.75, r)[..., None]
    colour = np.array(recipe.iris_inner) * (1 - zone) + np.array(recipe.iris_outer) * zone
    colour = colour * (1 + 0.42 * fibres[..., None] * _step(0.3, 0.5, r)[..., None])
    colour *= 1 - 0.72 * _step(0.80, 1.02, r)[..., None]
    colour *= _step(0.30, 0.37, r)[..., None] * 0.985 + 0.015
    veins = _veins(size, rng)
    white = np.array([0.80, 0.765, 0.735]) * (1 - 0.10 * _step(1.3, 2.6, r))[..., None]
    white = white * (1 - veins[..., None] * np.array([0.04, 0.22, 0.22]) * _step(1.2, 2.0, r)[..., None])
    rim = _step(0.93, 1.08, r)[..., None]
    return gaussian_filter(colour * (1 - rim) + white * rim, (0.6, 0.6, 0))


IRIS_RADIUS = 0.2


def hair(recipe: Recipe, path: Path) -> np.ndarray:
    """The strands of the original in the persona's colour, as R, G, B, alpha."""
    image = read(path)
    # A pixel more all round: cards lie edge to edge, and a gap shows.
    alpha = np.clip(gaussian_filter(image[..., 3], 1.0) * 1.8, 0, 1)
    light = image[..., :3].mean(2)
    usual = np.average(light, weights=alpha)
    spread = np.sqrt(np.average((light - usual) ** 2, weights=alpha))
    strands = np.clip(1 + (light - usual) / max(spread, 1e-3) * 0.28 * recipe.hair_contrast, 0.35, 1.9)
    colour = np.array(recipe.hair_tone) * strands[..., None]
    # Black between the panels would show as dotted lines where the cards end.
    lit = alpha * gaussian_filter((light > 0.3 * usual).astype(float), 1.5).round()
    return np.dstack([_bleed(colour, lit), alpha])


def hairs(path: Path, tone: Colour, strength: float) -> np.ndarray:
    """Brows and lashes: one colour through the original's alpha."""
    alpha = read(path)[..., 3]
    return np.dstack([np.broadcast_to(tone, (*alpha.shape, 3)), np.clip(alpha * strength, 0, 1)])


def cloth(recipe: Recipe, normal_map: Path | None, size: int = 512) -> np.ndarray:
    y, x = np.mgrid[0:size, 0:size]
    rng = np.random.default_rng(recipe.seed)
    weave = np.sin(x * np.pi / 2) * np.sin(y * np.pi / 2) * 0.4 + gaussian_filter(rng.normal(size=(size, size)), 0.8)
    shade = 1 + recipe.cloth_weave * weave
    if normal_map:
        folds = cv2.resize(read(normal_map)[..., :3], (size, size), interpolation=cv2.INTER_AREA) * 2 - 1
        shade = shade * np.clip(1 + 0.55 * (folds[..., 1] - 0.4 * folds[..., 0]), 0.5, 1.4)
    return np.clip(np.array(recipe.cloth_tone) * shade[..., None], 0, 1)


def teeth(path: Path) -> np.ndarray:
    """Natural ivory instead of the original's white, gums less red."""
    image = read(path)[..., :3]
    image = cv2.resize(image, (256, 256), interpolation=cv2.INTER_AREA)
    red = _step(0.12, 0.3, image[..., 0] - image[..., 1])[..., None]
    light = image.mean(2, keepdims=True)
    ivory = np.clip(0.35 + 0.55 * light / 0.7, 0, 1) * np.array([0.86, 0.80, 0.70])
    gums = light / 0.4 * np.array([0.62, 0.30, 0.29])
    return np.clip(ivory * (1 - red) + gums * red, 0, 1)


def pores(seed: int, size: int = 256) -> np.ndarray:
    """A tiling normal map of fine skin: cells of about a tenth of the tile, and grain."""
    rng = np.random.default_rng(seed)
    points = rng.uniform(0, size, (900, 2))
    tree = cKDTree(points, boxsize=size)
    y, x = np.mgrid[0:size, 0:size] + 0.5
    near = tree.query(np.column_stack([x.ravel(), y.ravel()]), k=2)[0]
    cells = np.clip((near[:, 1] - near[:, 0]) / 6, 0, 1).reshape(size, size)
    height = gaussian_filter(cells + 0.25 * rng.normal(size=(size, size)), 1.0, mode="wrap") * 2.2
    dx = (np.roll(height, -1, 1) - np.roll(height, 1, 1)) / 2
    dy = (np.roll(height, -1, 0) - np.roll(height, 1, 0)) / 2
    normal = np.dstack([-dx, dy, np.ones_like(dx)])
    return normal / np.linalg.norm(normal, axis=2, keepdims=True) * 0.5 + 0.5


def _complexion(where: np.ndarray, seed: int) -> np.ndarray:
    """Uneven blood and pigment: factors of about 1 for R, G, B at each position."""
    wide, fine, grain = (_noise(where * scale, seed + i) for i, scale in enumerate((3.0, 11.0, 34.0)))
    blood = 0.030 * wide + 0.018 * fine
    pigment = 0.020 * fine + 0.022 * grain
    return np.exp(-np.outer(blood, [0.15, 1.0, 0.9]) - np.outer(pigment, [0.6, 0.9, 1.1]))


def _mottle(where: np.ndarray, seed: int, amount: float) -> np.ndarray:
    return 1 + amount * _noise(where * 20, seed)


def _noise(points: np.ndarray, seed: int) -> np.ndarray:
    """Smooth noise of about -1..1 with features of one unit."""
    field = np.random.default_rng(seed).uniform(-1, 1, (32, 32, 32))
    total = np.zeros(len(points))
    for scale, weight in ((1.0, 0.65), (2.1, 0.35)):
        total += weight * map_coordinates(field, (points * scale).T, order=1, mode="grid-wrap")
    return total * 1.6


def _positions(uvs: np.ndarray, positions: np.ndarray, texels: np.ndarray) -> np.ndarray:
    inside = LinearNDInterpolator(uvs, positions)(texels)
    outside = np.isnan(inside[:, 0])
    inside[outside] = NearestNDInterpolator(uvs, positions)(texels[outside])
    return inside


def _sample(image: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """Bicubic samples at uv (origin lower left)."""
    height, width = image.shape[:2]
    at = [(1 - uv[:, 1]) * height - 0.5, uv[:, 0] * width - 0.5]
    if image.ndim == 2:
        return map_coordinates(image, at, order=3, mode="nearest")
    return np.column_stack([map_coordinates(image[..., c], at, order=3, mode="nearest") for c in range(image.shape[2])])


def _step(low: float, high: float, x: np.ndarray) -> np.ndarray:
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def _bleed(colour: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Colour spread beyond the strands, so that filtering finds no other colour at their edge."""
    weight = gaussian_filter(alpha, 6) + 1e-4
    spread = np.dstack([gaussian_filter(colour[..., c] * alpha, 6) / weight for c in range(3)])
    return np.where(alpha[..., None] > 0.5, colour, spread)


def _veins(size: int, rng: np.random.Generator) -> np.ndarray:
    image = np.zeros((size, size))
    for _ in range(26):
        angle = rng.uniform(0, 2 * np.pi)
        at = np.array([np.cos(angle), np.sin(angle)]) * 0.48
        for _ in range(26):
            step = -at / np.linalg.norm(at) + rng.normal(0, 0.7, 2)
            at = at + step * 0.007
            x, y = ((at + 0.5) * size).astype(int)
            if 0 <= x < size and 0 <= y < size:
                image[y, x] = 1
    return np.clip(gaussian_filter(image, 1.4) * 5, 0, 1)


def _encode(kind: str, image: np.ndarray, options: list[int]) -> bytes:
    bytes_ = np.clip(np.round(image * 255), 0, 255).astype(np.uint8)
    order = [2, 1, 0, 3][: bytes_.shape[2]]
    return cv2.imencode(kind, bytes_[:, :, order], options)[1].tobytes()
