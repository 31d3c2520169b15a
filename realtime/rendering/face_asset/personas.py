"""Who the personas are: recipes over the parts. Colours are sRGB 0..1."""

from __future__ import annotations

from dataclasses import dataclass

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Recipe:
    """One head. `identity` is target name to weight; a name with `*` stands for both sides (l and r)."""

    name: str
    seed: int
    identity: dict[str, float]
    rest: dict[str, float]  # face units that belong to her face at rest
    skin: str  # whose wrinkles, lids and ears
    skin_tone: Colour
    skin_contrast: float  # how much of that skin's own light and dark is kept
    lip_tone: Colour
    blush: float
    under_eye: float
    hair: str
    hair_length: float | None  # where it ends, decimetres from the eyes (negative is below); None leaves it as it is
    hair_flat: float  # how much lower the crown lies than in the original, 0..1
    hair_tone: Colour
    hair_contrast: float
    brows: str
    brow_tone: Colour
    brow_strength: float
    lashes: str
    lash_length: float
    iris_inner: Colour
    iris_outer: Colour
    clothes: str
    cloth_tone: Colour
    cloth_weave: float


def _aged(people: dict[str, float], old: float) -> dict[str, float]:
    """Origins as shares of a woman's head, `old` from 0 (25 years) to 1 (90 years)."""
    weights = {}
    for age, share in (("young", 1 - old), ("old", old)):
        weights[f"macrodetails/universal-female-{age}-averagemuscle-averageweight"] = share
        for origin, part in people.items():
            weights[f"macrodetails/{origin}-female-{age}"] = part * share
    return weights


RUTH = Recipe(
    name="ruth",
    seed=50,
    identity=_aged({"caucasian": 1.0}, 0.40)
    | {
        "head/head-oval": 0.5,
        "eyes/*-eye-scale-incr": 0.3,
        "eyes/*-eye-bag-incr": 0.25,
        "mouth/mouth-upperlip-volume-incr": 0.25,
        "mouth/mouth-lowerlip-volume-incr": 0.3,
        "mouth/mouth-laugh-lines-in": 0.35,
        "mouth/mouth-angles-up": 0.35,
        "eyebrows/eyebrows-trans-up": 0.25,
        "cheek/*-cheek-bones-incr": 0.35,
        "nose/nose-point-up": 0.15,
        "neck/neck-scale-horiz-decr": 0.3,
    },
    rest={"browInnerUp": 0.1},
    skin="middleage_lightskinned_female_diffuse",
    skin_tone=(0.80, 0.615, 0.525),
    skin_contrast=1.0,
    lip_tone=(0.66, 0.36, 0.345),
    blush=0.55,
    under_eye=0.35,
    hair="hair/long01",
    hair_length=-1.15,
    hair_flat=0.1,
    hair_tone=(0.47, 0.42, 0.375),
    hair_contrast=0.95,
    brows="eyebrows/eyebrow001",
    brow_tone=(0.30, 0.235, 0.19),
    brow_strength=0.85,
    lashes="eyelashes/Eyelashes01",
    lash_length=0.5,
    iris_inner=(0.36, 0.40, 0.37),
    iris_outer=(0.20, 0.27, 0.31),
    clothes="clothes/female_elegantsuit01",
    cloth_tone=(0.13, 0.22, 0.29),
    cloth_weave=0.06,
)

MAYA = Recipe(
    name="maya",
    seed=28,
    identity=_aged({"asian": 0.55, "caucasian": 0.25, "african": 0.2}, 0.03)
    | {
        "head/head-oval": 0.5,
        "eyes/*-eye-scale-incr": 0.35,
        "mouth/mouth-angles-up": 0.3,
        "eyebrows/eyebrows-trans-up": 0.3,
        "eyebrows/eyebrows-angle-up": 0.4,
        "cheek/*-cheek-bones-incr": 0.2,
        "neck/neck-scale-horiz-decr": 0.35,
    },
    rest={"browInnerUp": 0.55, "jawOpen": -0.06},
    skin="young_lightskinned_female_diffuse3",
    skin_tone=(0.735, 0.555, 0.455),
    skin_contrast=0.8,
    lip_tone=(0.62, 0.345, 0.325),
    blush=0.45,
    under_eye=0.25,
    hair="hair/long01",
    hair_length=None,
    hair_flat=0.1,
    hair_tone=(0.10, 0.075, 0.06),
    hair_contrast=0.9,
    brows="eyebrows/eyebrow001",
    brow_tone=(0.13, 0.095, 0.075),
    brow_strength=0.75,
    lashes="eyelashes/Eyelashes01",
    lash_length=0.6,
    iris_inner=(0.36, 0.22, 0.13),
    iris_outer=(0.16, 0.09, 0.055),
    clothes="clothes/female_casualsuit02",
    cloth_tone=(0.44, 0.33, 0.38),
    cloth_weave=0.05,
)

PERSONAS = (RUTH, MAYA)
