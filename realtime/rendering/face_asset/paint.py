"""The heads' textures. Colours are sRGB 0..1 in R, G, B order; images have their first row at the top."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from scipy.interpolate import LinearNDInterpolator, NearestNDInterpolator
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.spatial import cKDTree

from .hair import scalp
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
    recipe: Recipe, parts: Parts, slots: list[tuple[Slot, np.ndarray, np.ndarray]], seam: np.ndarray
) -> np.ndarray:
    """The albedo of the whole skin. `slots`: each island's slot, its vertices' own uvs and positions; `seam`:
    positions where the head's island meets the neck's."""
    image = np.empty((*SKIN_SIZE[::-1], 3))
    image[:] = recipe.skin_tone
    for slot, box, texels, where in _texels(slots, SKIN_SIZE):
        if slot is HEAD:
            painted = _face(recipe, parts, slot.origin(texels), where, seam)
        elif slot is MOUTH:
            painted = np.tile([0.46, 0.20, 0.19], (len(texels), 1)) * _mottle(where, recipe.seed, 0.06)[:, None]
        elif slot in SOCKETS:
            painted = np.tile([0.62, 0.36, 0.32], (len(texels), 1))
        else:
            painted = recipe.skin_tone * _complexion(where, recipe.seed)
        image[box] = painted.reshape(image[box].shape)
    return image


def folds(slots: list[tuple[Slot, np.ndarray, np.ndarray]], seed: int) -> np.ndarray:
    """Where the skin folds, over the same texture space as `skin` at half its size: how deep (0..1) when brows rise,
    when they frown, and when the face smiles or the eyes narrow. The renderer weighs them by the expression."""
    size = SKIN_SIZE[0] // 2, SKIN_SIZE[1] // 2
    image = np.zeros((*size[::-1], 3))
    for slot, box, _, where in _texels(slots, size):
        if slot is HEAD:
            image[box] = _folds(where, seed).reshape(image[box].shape)
    return image


def _folds(where: np.ndarray, seed: int) -> np.ndarray:
    x, y, z = where.T
    side = np.abs(x)
    front = _step(-0.55, -0.25, z)
    wander = 0.022 * _noise(where * 5, seed + 21) + 0.008 * _noise(where * 17, seed + 22)
    broken = np.clip(0.75 + 0.6 * _noise(where * (6, 14, 6), seed + 23), 0, 1)

    def groove(distance: np.ndarray, width: float) -> np.ndarray:
        return np.exp(-((distance / width) ** 2))

    raised = np.zeros(len(where))
    for i, height in enumerate((0.385, 0.445, 0.505, 0.565)):
        arc = height + 0.035 * np.cos(side * 7) - 0.12 * side**2
        raised += groove(y - arc - wander, 0.011) * _step(0.62 - 0.06 * i, 0.30, side) * broken
    frown = np.zeros(len(where))
    for at, lean, top in ((0.05, 0.12, 0.40), (0.085, 0.25, 0.34)):
        line = at + lean * (y - 0.2) + wander * 0.5
        frown += groove(side - line, 0.011) * _step(0.10, 0.17, y) * _step(top, top - 0.09, y)
    for height in (0.03, 0.085):
        frown += 0.6 * groove(y - height + 0.5 * side - wander * 0.4, 0.009) * _step(0.14, 0.05, side)
    smile = np.zeros(len(where))
    out = np.hypot(side - 0.47, (z - 0.02) * 0.9)
    for slope, far in ((0.62, 0.22), (0.28, 0.27), (-0.02, 0.25), (-0.36, 0.24), (-0.75, 0.18)):
        ray = y + 0.01 - slope * out - wander * 0.7
        smile += groove(ray, 0.008) * _step(0.035, 0.08, out) * _step(far, far * 0.55, out) * (side > 0.45) * broken
    for height, depth in ((-0.155, 0.55), (-0.205, 0.4)):
        bag = height + 0.55 * (side - 0.30) ** 2 - wander * 0.4
        smile += depth * groove(y - bag, 0.009) * _step(0.14, 0.22, side) * _step(0.46, 0.38, side)
    nasolabial = 0.185 + 0.27 * np.clip((-0.36 - y) / 0.5, 0, 1) ** 0.85 + wander * 0.5
    smile += 1.0 * groove(side - nasolabial, 0.020) * _step(-0.34, -0.44, y) * _step(-0.90, -0.74, y)
    return np.column_stack([raised, frown, smile]).clip(0, 1) * front[:, None]


def _texels(slots: list[tuple[Slot, np.ndarray, np.ndarray]], size: tuple[int, int]):
    """For each slot the part of an image of `size` that it fills (slices), its texels' uvs and where they lie."""
    width, height = size
    for slot, uvs, positions in slots:
        u0, v0, u1, v1 = slot.target
        columns = slice(max(int(u0 * width) - 4, 0), min(int(u1 * width) + 4, width))
        rows = slice(max(int((1 - v1) * height) - 4, 0), min(int((1 - v0) * height) + 4, height))
        u, v = np.meshgrid(
            (np.arange(columns.start, columns.stop) + 0.5) / width,
            1 - (np.arange(rows.start, rows.stop) + 0.5) / height,
        )
        yield slot, (rows, columns), np.column_stack([u.ravel(), v.ravel()]), _positions(uvs, positions, u, v)


def _face(recipe: Recipe, parts: Parts, origin: np.ndarray, where: np.ndarray, seam: np.ndarray) -> np.ndarray:
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
    x, y, z = where.T
    side = np.abs(x)
    # Pores and fine grain, larger on nose and cheeks; freckles; shaved hair.
    pore = _spots(where, 0.016, recipe.seed + 31)
    oily = np.exp(-((side / 0.42) ** 2 + ((y + 0.28) / 0.3) ** 2)) * (z > -0.2)
    colour *= 1 - (pore * (0.05 + 0.09 * oily))[:, None] * np.array([0.7, 1.0, 1.05])
    freckle = _spots(where, 0.05, recipe.seed + 33) * _step(0.2, 0.75, _noise(where * 4, recipe.seed + 34) + oily)
    colour *= 1 - (freckle * recipe.freckles)[:, None] * np.array([0.10, 0.18, 0.22])
    beard = _step(0.30, 0.37, np.hypot((side - 0.0) * 0.62, (y + 0.42) * 0.8)) * _step(-0.34, -0.62, y)
    beard *= (
        _step(-1.35, -1.15, y) * _step(-0.95, -0.55, z) * np.clip(0.8 + 0.5 * _noise(where * 5, recipe.seed + 35), 0, 1)
    )
    moustache = _step(-0.47, -0.53, y) * _step(-0.66, -0.60, y) * _step(0.30, 0.20, side) * _step(0.02, 0.06, side)
    beard = np.maximum(beard, 0.8 * moustache) * recipe.stubble
    hairs_ = _spots(where, 0.012, recipe.seed + 36)
    colour *= 1 - (beard * (0.16 + 0.34 * hairs_))[:, None] * np.array([1.0, 0.92, 0.82])
    deep = (_folds(where, recipe.seed) * recipe.folds).sum(1)
    colour *= 1 - np.clip(deep, 0, 1)[:, None] * np.array([0.14, 0.22, 0.24])
    lids = gaussian_filter(read(parts.mask("eyelids")), 2)
    colour *= 1 - _sample(lids, origin)[:, None] * np.array([0.06, 0.11, 0.10])

    lips = _sample(gaussian_filter(read(parts.mask("lips")), 2.2), origin)
    lines = 1 + 0.09 * _noise(where * (70, 7, 7), recipe.seed + 9) + 0.05 * _noise(where * (25, 9, 9), recipe.seed + 10)
    shade = (own.mean(1) / usual.mean() / 0.82).clip(0.75, 1.15)
    lip = recipe.lip_tone * (lines * shade)[:, None]
    amount = (_step(0.25, 0.75, lips) * 0.85)[:, None]
    colour = colour * (1 - amount) + lip * amount

    # The scalp has the hair's colour, and short hair at its edge softens the hairline.
    grain = 0.5 + 0.5 * _noise(where * (40, 9, 9), recipe.seed + 5)
    amount = np.clip(scalp(where + 0.05 * (grain - 0.5)[:, None], recipe.cut.recede) * (0.72 + 0.4 * grain), 0, 0.94)
    amount = amount[:, None]
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


def hairs(path: Path, tone: Colour, strength: float) -> np.ndarray:
    """Brows and lashes: one colour through the original's alpha."""
    alpha = read(path)[..., 3]
    return np.dstack([np.broadcast_to(tone, (*alpha.shape, 3)), np.clip(alpha * strength, 0, 1)])


def cloth(recipe: Recipe, path: Path, size: int = 512) -> np.ndarray:
    """Woven cloth of one colour, or of the original's own colours, shaded by the original's folds."""
    y, x = np.mgrid[0:size, 0:size]
    rng = np.random.default_rng(recipe.seed)
    weave = np.sin(x * np.pi / 2) * np.sin(y * np.pi / 2) * 0.4 + gaussian_filter(rng.normal(size=(size, size)), 0.8)
    shade = 1 + recipe.cloth_weave * weave
    normals = next(path.parent.glob("*_normal.png"), None)
    if normals:
        folds_ = cv2.resize(read(normals)[..., :3], (size, size), interpolation=cv2.INTER_AREA) * 2 - 1
        shade = shade * np.clip(1 + 0.55 * (folds_[..., 1] - 0.4 * folds_[..., 0]), 0.5, 1.4)
    own = cv2.resize(read(path)[..., :3], (size, size), interpolation=cv2.INTER_AREA)
    tone = own if recipe.cloth_tone is None else np.array(recipe.cloth_tone)
    return np.clip(tone * shade[..., None], 0, 1)


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
    """A tiling normal map of fine skin: pores, the lines between them, and grain."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:size, 0:size] + 0.5
    texels = np.column_stack([x.ravel(), y.ravel()])
    height = np.zeros((size, size))
    for count, depth, soft in ((900, 1.0, 6.0), (2600, 0.6, 3.5)):
        near = cKDTree(rng.uniform(0, size, (count, 2)), boxsize=size).query(texels, k=2)[0]
        height += depth * np.clip((near[:, 1] - near[:, 0]) / soft, 0, 1).reshape(size, size)
    pits = cKDTree(rng.uniform(0, size, (420, 2)), boxsize=size).query(texels)[0].reshape(size, size)
    height -= 1.3 * np.exp(-((pits / 2.2) ** 2))
    height = gaussian_filter(height + 0.3 * rng.normal(size=(size, size)), 0.9, mode="wrap") * 1.9
    dx = (np.roll(height, -1, 1) - np.roll(height, 1, 1)) / 2
    dy = (np.roll(height, -1, 0) - np.roll(height, 1, 0)) / 2
    normal = np.dstack([-dx, dy, np.ones_like(dx)])
    return normal / np.linalg.norm(normal, axis=2, keepdims=True) * 0.5 + 0.5


def _spots(where: np.ndarray, spacing: float, seed: int) -> np.ndarray:
    """Small round spots, about one to each cube of `spacing` decimetres, of uneven strength: 0..1."""
    cell = np.floor(where / spacing).astype(int)
    shift = np.random.default_rng(seed).random((64, 64, 64, 4))
    own = shift[tuple((cell % 64).T)]
    away = where / spacing - cell - 0.25 - 0.5 * own[:, :3]
    return np.exp(-(away**2).sum(1) / 0.045) * own[:, 3]


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


def _positions(uvs: np.ndarray, positions: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Where on the skin each texel lies, (texels, 3); looked up at every fourth and interpolated between."""
    size = max(u.shape[1] // 4, 2), max(u.shape[0] // 4, 2)
    few = np.column_stack([cv2.resize(axis, size, interpolation=cv2.INTER_AREA).ravel() for axis in (u, v)])
    known = LinearNDInterpolator(uvs, positions)(few)
    outside = np.isnan(known[:, 0])
    known[outside] = NearestNDInterpolator(uvs, positions)(few[outside])
    return cv2.resize(known.reshape(size[1], size[0], 3), u.shape[::-1], interpolation=cv2.INTER_LINEAR).reshape(-1, 3)


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
