"""Makes `<persona>.glb` for every recipe. See the package's docstring for how to run it."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from . import hair, paint
from .glb import Glb
from .light import Occluders, seen_from_the_front
from .made import made_with
from .mesh import Mesh, islands, mesh
from .parts import Parts, obtain
from .personas import PERSONAS, Recipe

# Some face units hardly move; a learner, and a face landmarker (realtime/rendering/readback.py), should see them.
_GAIN = {
    "browDown": 1.8,
    "browInnerUp": 3.0,
    "browOuterUp": 2.1,
    "eyeWide": 1.5,
    "mouthFrown": 1.8,
    "mouthFunnel": 1.35,
    "mouthLowerDown": 1.4,
    "mouthPucker": 1.2,
    "mouthRollLower": 1.4,
    "mouthRollUpper": 1.4,
    "mouthStretch": 1.6,
    "mouthUpperUp": 1.5,
    "noseSneer": 1.5,
}
_PRESS_SMILES = 0.45  # of a smile is in the unit that presses the lips: p, b and m would grin
TEETH_DROP = -0.045  # decimetres: lower, so that speech shows the upper teeth rather than the lower
BREAST = -2.9  # where head and shoulders end, decimetres from the eyes
EYE_DISCS = {-1: (0.6996, 0.695), 1: (0.2987, 0.2944)}  # the eyes' middles in the eye mesh's texture space, by side
EYE_IRIS = 0.122  # the iris' radius there


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--parts", type=Path, required=True, help="where the packages are, or are unpacked to")
    arguments.add_argument("--out", type=Path, required=True)
    arguments.add_argument("--only", choices=[recipe.name for recipe in PERSONAS])
    chosen = arguments.parse_args()
    parts = obtain(chosen.parts)
    chosen.out.mkdir(parents=True, exist_ok=True)
    for recipe in PERSONAS:
        if chosen.only in (None, recipe.name):
            data = build(recipe, parts)
            (chosen.out / f"{recipe.name}.glb").write_bytes(data)
            print(f"{recipe.name}.glb {len(data) / 2**20:.2f} MiB")


def build(recipe: Recipe, parts: Parts) -> bytes:
    names = parts.face_units()
    base = parts.base_vertices.copy()
    for target, weight in recipe.identity.items():
        for side in "lr" if "*" in target else " ":
            base += weight * parts.identity(target.replace("*", side))
    for unit, weight in recipe.rest.items():
        base += weight * parts.face_unit(unit)
    middle = (base[parts.group("joint-l-eye")].mean(0) + base[parts.group("joint-r-eye")].mean(0)) / 2
    base -= middle
    units = np.stack([_unit(parts, name) for name in names])
    proxies = {
        "cloth": recipe.clothes,
        "brows": recipe.brows,
        "lashes": recipe.lashes,
        "eyes": "eyes/HighPolyEyes",
        "teeth": "teeth/Teeth_Base",
        "tongue": "tongue/tongue01",
    }
    fitted = {key: parts.proxy(name) for key, name in proxies.items()}
    meshes: dict[str, Mesh] = {}
    for key, proxy in fitted.items():
        deltas = np.stack(
            [np.zeros((len(proxy.anchors), 3)) if key == "cloth" else proxy.fit_delta(unit) for unit in units]
        )
        positions = proxy.fit(base)
        if key == "brows":  # they grow above the lid: it does not pull them along
            deltas[[name.startswith(("eyeBlink", "eyeLook", "eyeWide")) for name in names]] = 0
        if key == "lashes":
            positions, deltas = _shortened(positions, deltas, base, units, recipe.lash_length)
        if key == "teeth":
            positions = positions + np.array([0, TEETH_DROP, 0])
        levels = 1 if key in ("eyes", "cloth") else 0
        meshes[key] = mesh(key, proxy.quads, proxy.quad_uvs, positions, deltas, levels)
    meshes["skin"], slots, seam = _skin(parts, base, units, fitted["cloth"].hides)
    meshes["cloth"] = _above(meshes["cloth"], BREAST)
    locks = hair.grow(recipe.cut, meshes["skin"], len(names), recipe.seed)
    meshes["hair"] = locks.mesh
    eyes = meshes.pop("eyes")
    centres = eyes.uvs[eyes.triangles].mean(1)
    shell = (centres[:, 0] > 0.87) & (centres[:, 1] < 0.13)
    meshes["eyes"] = _one_eye_texture(eyes.keep(~shell))
    bulging = eyes.normals()[eyes.triangles][:, :, 2].mean(1) > 0.3
    meshes["cornea"] = eyes.keep(shell & bulging, "cornea")

    lit = _lit(meshes, locks, names)
    for key, shown in _what_shows(meshes, names).items():
        used = np.unique(meshes[key].triangles[shown])
        lit[key] = tuple(light[used] for light in lit[key])
        meshes[key] = meshes[key].keep(shown)
    pivot = (base[parts.group("joint-head")].mean(0) + base[parts.group("joint-neck")].mean(0)) / 2
    glb = Glb(
        extras={
            "persona": recipe.name,
            "made_with": made_with(recipe),
            "pivot": _metres(pivot),
            "folds": list(recipe.folds),
            "eyes": [_metres(base[parts.group(f"joint-{side}-eye")].mean(0)) for side in "lr"],
        }
    )
    materials = _materials(glb, recipe, parts, slots, seam)
    third = {key: np.ones(len(part.positions)) for key, part in meshes.items()}
    third["hair"] = locks.depth
    for key, part in meshes.items():
        used = {i: name for i, name in enumerate(names) if np.abs(part.deltas[i]).max() > 4e-4}
        if key == "skin":
            used = dict(enumerate(names))
        normals = locks.normals if key == "hair" else part.normals()
        glb.add_mesh(
            key,
            positions=part.positions * 0.1,
            normals=normals,
            uvs=np.column_stack([part.uvs[:, 0], 1 - part.uvs[:, 1]]),
            colours=np.column_stack([*lit[key], third[key], _follows_head(part.positions, pivot)]),
            triangles=part.triangles,
            coarse=part.coarse,
            targets={
                name: (part.deltas[i] * 0.1, part.normals(part.positions + part.deltas[i]) - part.normals())
                for i, name in used.items()
            },
            material=materials[key],
            along=locks.along if key == "hair" else None,
        )
    return glb.bytes()


def _unit(parts: Parts, name: str) -> np.ndarray:
    unit = parts.face_unit(name) * _GAIN.get(name.removesuffix("Left").removesuffix("Right"), 1.0)
    if name.startswith("mouthPress"):
        unit = unit - _PRESS_SMILES * parts.face_unit(name.replace("Press", "Smile"))
    return unit


def _skin(parts: Parts, base: np.ndarray, units: np.ndarray, covered: frozenset[int]):
    """Head, neck and what the clothes leave bare; each texture island moved to its slot."""
    quads, quad_uvs = parts.body_quads, parts.body_quad_uvs
    heights = base[quads][:, :, 1].mean(1)
    sides = np.abs(base[quads][:, :, 0].mean(1))
    hidden = np.isin(quads, list(covered)).all(1)
    # A ring of faces under the clothes' edge stays, or their edge would show what is missing.
    ring = np.setdiff1d(quads[np.isin(quads, quads[~hidden]).any(1)], [])
    hidden &= ~np.isin(quads, ring).all(1)
    bare = (heights > BREAST) & (sides < 1.9) & ~hidden
    island = islands(parts.body_uv_ids)
    slot_of: dict[int, paint.Slot] = {}
    for label in np.unique(island[bare]):
        uv = quad_uvs[island == label].reshape(-1, 2)
        known = [s for s in (paint.HEAD, paint.MOUTH, *paint.SOCKETS) if uv.min(0) in s and uv.max(0) in s]
        own = quad_uvs[bare & (island == label)].reshape(-1, 2)
        slot_of[label] = known[0] if known else paint.Slot((*own.min(0), *own.max(0)), paint.TORSO_TARGET)
    quads, quad_uvs, island = quads[bare], quad_uvs[bare], island[bare]
    placed = np.stack([slot_of[label].place(uv) for label, uv in zip(island, quad_uvs, strict=True)])
    vertices, local = np.unique(quads, return_inverse=True)
    local = local.reshape(-1, 4)
    flat = mesh("skin", local, placed, base[vertices], units[:, vertices], levels=0)
    inward = np.zeros((len(vertices), 3))
    inward[flat.point] = -flat.normals() * 0.07
    under = np.isin(vertices, list(covered))[:, None]
    skin = mesh("skin", local, placed, base[vertices] + under * inward, units[:, vertices], levels=1)
    slots = []
    for slot in dict.fromkeys(slot_of.values()):
        u0, v0, u1, v1 = slot.target
        inside = (skin.uvs >= (u0 - 1e-6, v0 - 1e-6)).all(1) & (skin.uvs <= (u1 + 1e-6, v1 + 1e-6)).all(1)
        slots.append((slot, skin.uvs[inside], skin.positions[inside]))
    head = {label for label, slot in slot_of.items() if slot is paint.HEAD}
    on_head = np.isin(island, list(head))
    neck = ~on_head & np.array([slot_of[label].target == paint.TORSO_TARGET for label in island])
    seam = base[vertices[np.intersect1d(local[on_head], local[neck])]]
    return skin, slots, seam


def _shortened(
    positions: np.ndarray, deltas: np.ndarray, base: np.ndarray, units: np.ndarray, length: float
) -> tuple[np.ndarray, np.ndarray]:
    """Lashes drawn towards the skin that each of their vertices is nearest to."""
    root = cKDTree(base[:13380]).query(positions)[1]
    return (
        base[root] + (positions - base[root]) * length,
        units[:, root] + (deltas - units[:, root]) * length,
    )


def _above(part: Mesh, bottom: float) -> Mesh:
    return part.keep(part.positions[part.triangles][:, :, 1].mean(1) > bottom)


def _one_eye_texture(eyes: Mesh) -> Mesh:
    uvs = eyes.uvs.copy()
    for side, middle in EYE_DISCS.items():
        own = np.sign(eyes.positions[:, 0]) == side
        uvs[own] = 0.5 + (eyes.uvs[own] - middle) * paint.IRIS_RADIUS / EYE_IRIS
    return Mesh(eyes.name, eyes.positions, eyes.deltas, np.clip(uvs, 0, 1), eyes.triangles, eyes.coarse, eyes.point)


def _what_shows(meshes: dict[str, Mesh], names: list[str]) -> dict[str, np.ndarray]:
    """Triangles that are not at the back of the head, in the sockets or where else no expression shows them."""
    opaque = ("skin", "cloth", "eyes", "teeth", "tongue")
    around = [(yaw, pitch) for yaw in (-0.5, -0.25, 0, 0.25, 0.5) for pitch in (-0.35, 0, 0.35)]
    near = [(-0.3, 0), (0, -0.2), (0, 0), (0, 0.2), (0.3, 0)]
    shown = {key: np.zeros(len(meshes[key].triangles), dtype=bool) for key in opaque}
    for pose, views in (
        ({}, around),
        ({"eyeBlinkLeft": 1, "eyeBlinkRight": 1, "jawOpen": 1}, near),
        ({"mouthFunnel": 1, "jawOpen": 0.4, "eyeWideLeft": 1, "eyeWideRight": 1}, near),
        ({"mouthUpperUpLeft": 1, "mouthUpperUpRight": 1, "mouthLowerDownLeft": 1, "mouthLowerDownRight": 1}, near),
        ({"eyeLookUpLeft": 1, "eyeLookUpRight": 1, "eyeWideLeft": 1, "eyeWideRight": 1, "tongueOut": 1}, near),
        ({"eyeLookDownLeft": 1, "eyeLookDownRight": 1, "jawLeft": 1}, near),
        ({"eyeLookInLeft": 1, "eyeLookOutRight": 1, "eyeWideLeft": 1, "eyeWideRight": 1, "jawRight": 1}, near),
        ({"eyeLookInRight": 1, "eyeLookOutLeft": 1, "eyeWideLeft": 1, "eyeWideRight": 1}, near),
    ):
        coefficients = {names.index(name): value for name, value in pose.items()}
        posed = {key: (meshes[key].posed(coefficients), meshes[key].triangles) for key in opaque}
        for key, seen in seen_from_the_front(posed, 2.6 if not pose else 1.3, views).items():
            shown[key] |= seen
    # A mouth that is just open is looked into deeper than one that is wide open.
    low, high = np.array(paint.MOUTH.target[:2]), np.array(paint.MOUTH.target[2:])
    corners = meshes["skin"].uvs[meshes["skin"].triangles]
    shown["skin"] |= ((corners >= low - 1e-3) & (corners <= high + 1e-3)).all((1, 2))
    for key in opaque:
        part = meshes[key]
        for _ in range(2):  # and two rings round it: the rays are not that dense
            touched = np.isin(part.point[part.triangles], part.point[part.triangles[shown[key]]])
            shown[key] = touched.any(1)
    return shown


def _follows_head(positions: np.ndarray, pivot: np.ndarray) -> np.ndarray:
    """1 where a vertex turns with the head, 0 on the shoulders."""
    t = np.clip((positions[:, 1] - (pivot[1] - 0.75)) / 1.05, 0, 1)
    return t * t * (3 - 2 * t)


def _lit(meshes: dict[str, Mesh], locks: hair.Hair, names: list[str]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Each vertex' sky and key light; lids and mouth as they are when they show: shut and open."""
    poses = [{}, {names.index(n): v for n, v in (("eyeBlinkLeft", 0.9), ("eyeBlinkRight", 0.9), ("jawOpen", 0.7))}]
    lit: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for pose in poses:
        posed = {key: part.posed(pose) for key, part in meshes.items()}
        solid = ("skin", "cloth", "teeth", "tongue", "eyes")
        occluders = Occluders(
            [(posed[key], meshes[key].triangles) for key in solid], [(posed["hair"], meshes["hair"].triangles)]
        )
        for key, part in meshes.items():
            if key in ("brows", "lashes", "cornea"):
                lit[key] = (np.ones(len(part.positions)), np.ones(len(part.positions)))
                continue
            if key == "hair":
                continue
            normals = part.normals(posed[key])
            now = occluders.sky(posed[key], normals), occluders.key(posed[key], normals)
            lit[key] = now if key not in lit else tuple(np.maximum(a, b) for a, b in zip(lit[key], now, strict=True))
    # Light in hair fades with depth; rays between thousands of strips would only speckle it.
    bare = Occluders([(meshes[key].positions, meshes[key].triangles) for key in ("skin", "cloth")], [])
    starts = meshes["hair"].positions + locks.normals * 0.08
    shade = 0.35 + 0.65 * locks.depth
    lit["hair"] = bare.sky(starts, locks.normals) * shade, bare.key(starts, locks.normals) * shade
    lit["skin"] = tuple(_evened(meshes["skin"], light) for light in lit["skin"])
    return lit


def _evened(skin: Mesh, light: np.ndarray) -> np.ndarray:
    """Below the chin the mesh is coarse: shadow edges are softened, the dark under the clothes kept away."""
    neck = skin.positions[:, 1] < -1.35
    count = int(skin.point.max()) + 1
    ends = skin.point[np.concatenate([skin.triangles[:, [0, 1]], skin.triangles[:, [1, 2]], skin.triangles[:, [2, 0]]])]
    links = sparse.coo_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(count, count)).tocsr()
    links = links + links.T + sparse.identity(count)
    mean = sparse.diags(1 / links.sum(1).A1) @ links
    by_point = np.zeros(count)
    by_point[skin.point] = light
    even = by_point
    for _ in range(4):
        even = np.maximum(even, mean @ even)
    for _ in range(3):
        even = mean @ even
    return np.where(neck, even[skin.point], light)


def _materials(glb: Glb, recipe: Recipe, parts: Parts, slots: list, seam: np.ndarray) -> dict[str, int]:
    skin = glb.add_texture(paint.jpeg(paint.skin(recipe, parts, slots, seam), 86), "image/jpeg")
    pores = glb.add_texture(paint.jpeg(paint.pores(recipe.seed), 88), "image/jpeg")
    folds = glb.add_texture(paint.jpeg(paint.folds(slots, recipe.seed), 80), "image/jpeg")
    eye = glb.add_texture(paint.jpeg(paint.iris(recipe), 90), "image/jpeg")
    cloth = glb.add_texture(paint.jpeg(paint.cloth(recipe, parts.texture(recipe.clothes))), "image/jpeg")
    teeth = glb.add_texture(paint.jpeg(paint.teeth(parts.texture("teeth/Teeth_Base"))), "image/jpeg")
    tongue = glb.add_texture(paint.jpeg(paint.read(parts.texture("tongue/tongue01"))[::2, ::2], 85), "image/jpeg")
    strands = hair.texture(np.array(recipe.hair_tone), recipe.hair_contrast, recipe.grey, recipe.coiled, recipe.seed)
    locks = glb.add_texture(paint.webp(strands, 78), "image/webp")
    brows = paint.hairs(parts.texture(recipe.brows), recipe.brow_tone, recipe.brow_strength)
    lashes = paint.hairs(parts.texture(recipe.lashes), (0.06, 0.045, 0.04), 0.8)
    return {
        "skin": glb.add_material(
            "skin", skin, roughness=0.5, normalTexture={"index": pores}, extras={"folds": {"index": folds}}
        ),
        "cloth": glb.add_material("cloth", cloth, roughness=0.85),
        "eyes": glb.add_material("eyes", eye, roughness=0.1),
        "cornea": glb.add_material("cornea", eye, roughness=0.02, blend="BLEND"),
        "teeth": glb.add_material("teeth", teeth, roughness=0.25),
        "tongue": glb.add_material("tongue", tongue, roughness=0.4),
        "hair": glb.add_material("hair", locks, roughness=0.5, blend="MASK", alphaCutoff=0.5),
        "brows": glb.add_material(
            "brows", glb.add_texture(paint.webp(brows), "image/webp"), roughness=1, blend="BLEND"
        ),
        "lashes": glb.add_material(
            "lashes", glb.add_texture(paint.webp(lashes), "image/webp"), roughness=1, blend="BLEND"
        ),
    }


def _metres(point: np.ndarray) -> list[float]:
    return [round(float(x) * 0.1, 5) for x in point]


if __name__ == "__main__":
    main()
