"""Who the personas are: recipes over the parts. Colours are sRGB 0..1."""

from __future__ import annotations

from dataclasses import dataclass

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Cut:
    """A hairstyle; lengths are decimetres.

    `strips`: how many; `points`: along each; `width` of a strip. `length`: (on top, at the sides) where strands are
    cut by length; `hem`: the height where they are cut instead. `part`: where the parting is (x); `comb`: where hair is
    combed, at the person's left of the parting (x is turned round on the right). `lift`: how far from the scalp the
    outermost strands lie; `stiff`: how long they keep their direction, 0..1; `curl`: how unruly they are; `recede`: the
    temples, 0..1; `sparse`: the share of strips with few strands; `taper`:
    how much narrower a strip is at its tip; `few`:
    how many strips slow renderers draw, `few_wide` times as wide."""

    strips: int
    points: int
    width: float
    comb: tuple[float, float, float]
    lift: float
    stiff: float
    curl: float
    length: tuple[float, float] = (0.0, 0.0)
    hem: float | None = None
    part: float = 0.0
    recede: float = 0.0
    sparse: float = 0.12
    taper: float = 0.45
    few: int = 110
    few_wide: float = 1.7


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
    folds: tuple[float, float, float]  # how deep the forehead's, the frown's and the smile's folds are at rest, 0..1
    stubble: float
    freckles: float
    cut: Cut
    hair_tone: Colour
    hair_contrast: float
    grey: float  # share of white hairs
    coiled: bool
    brows: str
    brow_tone: Colour
    brow_strength: float
    lashes: str
    lash_length: float
    iris_inner: Colour
    iris_outer: Colour
    clothes: str
    cloth_tone: Colour | None  # None: the clothes' own colours
    cloth_weave: float


def _person(sex: str, people: dict[str, float], old: float) -> dict[str, float]:
    """Origins as shares of a head, `sex` female or male, `old` from 0 (25 years) to 1 (90 years)."""
    weights = {}
    for age, share in (("young", 1 - old), ("old", old)):
        weights[f"macrodetails/universal-{sex}-{age}-averagemuscle-averageweight"] = share
        for origin, part in people.items():
            weights[f"macrodetails/{origin}-{sex}-{age}"] = part * share
    return weights


RUTH = Recipe(
    name="ruth",
    seed=50,
    identity=_person("female", {"caucasian": 1.0}, 0.40)
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
    rest={
        "browInnerUp": 0.5,
        "browOuterUpLeft": 0.45,
        "browOuterUpRight": 0.45,
        "mouthSmileLeft": 0.08,
        "mouthSmileRight": 0.08,
        "jawOpen": -0.03,
    },
    skin="middleage_lightskinned_female_diffuse",
    skin_tone=(0.80, 0.615, 0.525),
    skin_contrast=1.0,
    lip_tone=(0.66, 0.36, 0.345),
    blush=0.55,
    under_eye=0.35,
    folds=(0.15, 0.06, 0.20),
    stubble=0.0,
    freckles=0.35,
    cut=Cut(
        strips=800,
        points=12,
        width=0.13,
        comb=(1.0, 0.25, -0.25),
        lift=0.22,
        stiff=0.72,
        curl=0.10,
        hem=-0.95,
        part=-0.22,
        few=220,
        few_wide=1.4,
    ),
    hair_tone=(0.44, 0.385, 0.33),
    hair_contrast=1.0,
    grey=0.08,
    coiled=False,
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
    identity=_person("female", {"asian": 0.55, "caucasian": 0.25, "african": 0.2}, 0.03)
    | {
        "head/head-oval": 0.5,
        "eyes/*-eye-scale-incr": 0.35,
        "mouth/mouth-angles-up": 0.3,
        "eyebrows/eyebrows-trans-up": 0.3,
        "eyebrows/eyebrows-angle-up": 0.4,
        "cheek/*-cheek-bones-incr": 0.2,
        "neck/neck-scale-horiz-decr": 0.35,
    },
    rest={"browInnerUp": 0.9, "browOuterUpLeft": 0.85, "browOuterUpRight": 0.85, "jawOpen": -0.06},
    skin="young_lightskinned_female_diffuse3",
    skin_tone=(0.735, 0.555, 0.455),
    skin_contrast=0.8,
    lip_tone=(0.62, 0.345, 0.325),
    blush=0.45,
    under_eye=0.25,
    folds=(0.03, 0.02, 0.10),
    stubble=0.0,
    freckles=0.5,
    cut=Cut(
        strips=800,
        points=12,
        width=0.14,
        comb=(0.9, 0.2, -0.6),
        lift=0.16,
        stiff=0.74,
        curl=0.09,
        hem=-1.45,
        part=0.08,
        few=280,
        few_wide=1.3,
    ),
    hair_tone=(0.085, 0.06, 0.048),
    hair_contrast=0.9,
    grey=0.0,
    coiled=False,
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

DANIEL = Recipe(
    name="daniel",
    seed=71,
    identity=_person("male", {"african": 0.9, "caucasian": 0.1}, 0.3)
    | {
        "head/head-oval": 0.35,
        "mouth/mouth-laugh-lines-in": 0.3,
        "mouth/mouth-angles-up": 0.25,
        "eyes/*-eye-scale-incr": 0.2,
        "eyes/*-eye-bag-incr": 0.2,
        "eyebrows/eyebrows-trans-up": 0.25,
        "cheek/*-cheek-bones-incr": 0.25,
        "chin/chin-width-incr": 0.15,
        "neck/neck-scale-horiz-incr": 0.1,
    },
    rest={
        "browInnerUp": 0.65,
        "browOuterUpLeft": 0.45,
        "browOuterUpRight": 0.45,
        "mouthSmileLeft": 0.14,
        "mouthSmileRight": 0.14,
        "jawOpen": -0.04,
    },
    skin="middleage_darkskinned_male_diffuse",
    skin_tone=(0.40, 0.262, 0.195),
    skin_contrast=0.75,
    lip_tone=(0.37, 0.215, 0.19),
    blush=0.35,
    under_eye=0.3,
    folds=(0.14, 0.08, 0.24),
    stubble=0.55,
    freckles=0.0,
    cut=Cut(
        strips=3400,
        points=3,
        width=0.052,
        comb=(0.2, 0.3, 0.2),
        lift=0.06,
        stiff=0.3,
        curl=1.0,
        length=(0.11, 0.07),
        recede=0.7,
        sparse=0.75,
        taper=0.2,
        few=1150,
        few_wide=1.2,
    ),
    hair_tone=(0.075, 0.066, 0.062),
    hair_contrast=0.8,
    grey=0.10,
    coiled=True,
    brows="eyebrows/eyebrow008",
    brow_tone=(0.06, 0.05, 0.045),
    brow_strength=0.9,
    lashes="eyelashes/Eyelashes01",
    lash_length=0.4,
    iris_inner=(0.20, 0.115, 0.07),
    iris_outer=(0.10, 0.06, 0.04),
    clothes="clothes/male_elegantsuit01",
    cloth_tone=None,
    cloth_weave=0.05,
)

SAMUEL = Recipe(
    name="samuel",
    seed=93,
    identity=_person("male", {"asian": 0.85, "caucasian": 0.15}, 0.06)
    | {
        "head/head-oval": 0.4,
        "mouth/mouth-angles-up": 0.3,
        "eyes/*-eye-scale-incr": 0.2,
        "eyebrows/eyebrows-trans-up": 0.3,
        "cheek/*-cheek-bones-incr": 0.2,
        "chin/chin-width-incr": 0.1,
    },
    rest={
        "browInnerUp": 0.85,
        "browOuterUpLeft": 0.45,
        "browOuterUpRight": 0.45,
        "mouthStretchLeft": 0.35,
        "mouthStretchRight": 0.35,
        "mouthSmileLeft": 0.1,
        "mouthSmileRight": 0.1,
        "jawOpen": -0.05,
    },
    skin="young_lightskinned_male_diffuse3",
    skin_tone=(0.76, 0.59, 0.475),
    skin_contrast=0.8,
    lip_tone=(0.63, 0.40, 0.36),
    blush=0.4,
    under_eye=0.25,
    folds=(0.03, 0.05, 0.12),
    stubble=0.35,
    freckles=0.15,
    cut=Cut(
        strips=1300,
        points=6,
        width=0.085,
        comb=(0.75, 0.25, 0.35),
        lift=0.17,
        stiff=0.62,
        curl=0.2,
        length=(0.62, 0.2),
        part=-0.35,
        taper=0.75,
        few=430,
        few_wide=1.2,
    ),
    hair_tone=(0.07, 0.055, 0.05),
    hair_contrast=0.9,
    grey=0.0,
    coiled=False,
    brows="eyebrows/eyebrow008",
    brow_tone=(0.09, 0.07, 0.06),
    brow_strength=0.85,
    lashes="eyelashes/Eyelashes01",
    lash_length=0.4,
    iris_inner=(0.25, 0.15, 0.09),
    iris_outer=(0.12, 0.075, 0.05),
    clothes="clothes/male_casualsuit01",
    cloth_tone=(0.72, 0.77, 0.84),
    cloth_weave=0.04,
)

PERSONAS = (RUTH, MAYA, DANIEL, SAMUEL)
