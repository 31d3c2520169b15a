"""The personas' heads as they are shipped, and the code that moves them (tests/js)."""

import json
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest

from realtime.rendering.face_asset.made import made_with
from realtime.rendering.face_asset.personas import PERSONAS as RECIPES
from tests.node import node

ROOT = Path(__file__).resolve().parents[2]
PERSONAS = ROOT / "static/personas"
ARKIT = [
    "browDownLeft",
    "browDownRight",
    "browInnerUp",
    "browOuterUpLeft",
    "browOuterUpRight",
    "cheekPuff",
    "cheekSquintLeft",
    "cheekSquintRight",
    "eyeBlinkLeft",
    "eyeBlinkRight",
    "eyeLookDownLeft",
    "eyeLookDownRight",
    "eyeLookInLeft",
    "eyeLookInRight",
    "eyeLookOutLeft",
    "eyeLookOutRight",
    "eyeLookUpLeft",
    "eyeLookUpRight",
    "eyeSquintLeft",
    "eyeSquintRight",
    "eyeWideLeft",
    "eyeWideRight",
    "jawForward",
    "jawLeft",
    "jawOpen",
    "jawRight",
    "mouthClose",
    "mouthDimpleLeft",
    "mouthDimpleRight",
    "mouthFrownLeft",
    "mouthFrownRight",
    "mouthFunnel",
    "mouthLeft",
    "mouthLowerDownLeft",
    "mouthLowerDownRight",
    "mouthPressLeft",
    "mouthPressRight",
    "mouthPucker",
    "mouthRight",
    "mouthRollLower",
    "mouthRollUpper",
    "mouthShrugLower",
    "mouthShrugUpper",
    "mouthSmileLeft",
    "mouthSmileRight",
    "mouthStretchLeft",
    "mouthStretchRight",
    "mouthUpperUpLeft",
    "mouthUpperUpRight",
    "noseSneerLeft",
    "noseSneerRight",
    "tongueOut",
]
NAMES = ["ruth", "maya", "daniel", "samuel"]
faces = pytest.mark.parametrize("name", NAMES)


class Head:
    """A .glb read by the format's own rules, not by our reader."""

    def __init__(self, path: Path):
        self.bytes = path.read_bytes()
        magic, version, length = struct.unpack_from("<4sII", self.bytes)
        assert (magic, version, length) == (b"glTF", 2, len(self.bytes))
        size, kind = struct.unpack_from("<I4s", self.bytes, 12)
        assert kind == b"JSON"
        self.json = json.loads(self.bytes[20 : 20 + size])
        self.binary = 20 + size + 8
        self.meshes = {mesh["name"]: mesh for mesh in self.json["meshes"]}

    def names(self, mesh: str) -> list[str]:
        return self.meshes[mesh]["extras"]["targetNames"]

    def positions(self, mesh: str) -> np.ndarray:
        accessor = self.json["accessors"][self.meshes[mesh]["primitives"][0]["attributes"]["POSITION"]]
        view = self.json["bufferViews"][accessor["bufferView"]]
        flat = np.frombuffer(self.bytes, "<f4", accessor["count"] * 3, self.binary + view["byteOffset"])
        return flat.reshape(-1, 3)

    def delta(self, mesh: str, name: str) -> np.ndarray:
        target = self.meshes[mesh]["primitives"][0]["targets"][self.names(mesh).index(name)]
        accessor = self.json["accessors"][target["POSITION"]]
        sparse = accessor["sparse"]
        views = self.json["bufferViews"]
        where, values = (self.binary + views[sparse[key]["bufferView"]]["byteOffset"] for key in ("indices", "values"))
        moved = np.frombuffer(self.bytes, "<u2", sparse["count"], where)
        delta = np.zeros((accessor["count"], 3))
        delta[moved] = np.frombuffer(self.bytes, "<i2", sparse["count"] * 3, values).reshape(-1, 3) / 32767
        return delta


@pytest.fixture(params=NAMES)
def head(request) -> Head:
    return Head(PERSONAS / f"{request.param}.glb")


def test_a_head_has_all_52_face_units_by_their_arkit_names(head):
    assert sorted(head.names("skin")) == sorted(ARKIT)


def test_the_shipped_head_is_what_its_recipe_and_the_scripts_make(head):
    told = head.json["scenes"][0]["extras"]
    (recipe,) = (recipe for recipe in RECIPES if recipe.name == told["persona"])
    assert told["made_with"] == made_with(recipe), "build the heads anew: realtime/rendering/face_asset/__init__.py"


def test_a_head_loads_in_reasonable_time(head):
    assert len(head.bytes) <= 4.5 * 2**20


def test_strands_of_hair_know_which_way_they_run(head):
    attributes = head.meshes["hair"]["primitives"][0]["attributes"]
    accessors = head.json["accessors"]
    assert accessors[attributes["TANGENT"]]["count"] == accessors[attributes["POSITION"]]["count"]


def test_a_slow_renderer_gets_fewer_strands_of_hair(head):
    primitive = head.meshes["hair"]["primitives"][0]
    few, all_ = (head.json["accessors"][i]["count"] for i in (primitive["extras"]["coarse"], primitive["indices"]))
    assert few < all_ / 2


def test_skin_folds_with_the_expression_and_a_little_at_rest(head):
    (skin,) = (material for material in head.json["materials"] if material["name"] == "skin")
    assert skin["extras"]["folds"]["index"] < len(head.json["textures"])
    rest = head.json["scenes"][0]["extras"]["folds"]
    assert len(rest) == 3 and all(0 <= depth < 0.5 for depth in rest)


def test_pressed_lips_do_not_smile(head):
    rest, pressed, smile = (
        head.positions("skin"),
        head.delta("skin", "mouthPressLeft"),
        head.delta("skin", "mouthSmileLeft"),
    )
    corner = np.argmax(np.where(np.abs(rest[:, 1] + 0.07) < 0.015, smile[:, 1], -1))
    assert pressed[corner, 1] < 0.35 * smile[corner, 1]


def test_every_face_unit_moves_the_face(head):
    for name in ARKIT:
        meshes = [mesh for mesh in head.meshes if name in head.meshes[mesh].get("extras", {}).get("targetNames", [])]
        assert max(np.abs(head.delta(mesh, name)).max() for mesh in meshes) > 0.0004, name


def test_an_open_jaw_lowers_the_lower_lip_and_teeth_but_not_the_upper_ones(head):
    rest, opened = head.positions("skin"), head.delta("skin", "jawOpen")
    chin = np.argmin(np.abs(rest - [0, -0.105, 0.02]).sum(1))
    assert opened[chin, 1] < -0.006
    nose = np.argmax(rest[:, 2])
    assert abs(opened[nose, 1]) < 0.002
    teeth, bite = head.positions("teeth"), head.delta("teeth", "jawOpen")[:, 1]
    middle = (teeth[:, 1].min() + teeth[:, 1].max()) / 2
    assert bite[teeth[:, 1] < middle - 0.008].max() < -0.003
    assert abs(bite[teeth[:, 1] > middle + 0.008]).max() < 0.002


def test_the_left_eye_is_hers(head):
    """ARKit's left is the person's left: +x for a face that looks along +z."""
    rest, shut = head.positions("skin"), head.delta("skin", "eyeBlinkLeft")
    moved = (np.abs(shut).max(1) > 0.002) & (rest[:, 2] > 0.001)  # what lies further in is the mouth's inside
    assert rest[moved, 0].min() > 0


def test_a_shut_lid_covers_the_eye(head):
    rest, shut = head.positions("skin"), head.delta("skin", "eyeBlinkLeft")
    lid = np.argmin(shut[:, 1])
    assert shut[lid, 1] < -0.006
    assert (rest + shut)[lid, 1] < 0.0


def test_brows_follow_the_skin_that_they_grow_on(head):
    for name in ("browInnerUp", "browDownLeft", "browOuterUpLeft"):
        brows, skin = head.delta("brows", name)[:, 1], head.delta("skin", name)[:, 1]
        sign = -1 if "Down" in name else 1
        assert 0.5 < (sign * brows).max() / (sign * skin).max() < 1.5


def test_textures_are_embedded_and_in_formats_that_browsers_read(head):
    assert {image["mimeType"] for image in head.json["images"]} <= {"image/jpeg", "image/webp", "image/png"}
    assert all("uri" not in image for image in head.json["images"])


@faces
def test_a_persona_has_a_still_picture(name):
    picture = PERSONAS / f"{name}.webp"
    assert picture.read_bytes()[8:12] == b"WEBP"
    assert picture.stat().st_size < 120_000
    assert (PERSONAS / f"{name}-small.webp").stat().st_size < 20_000


@pytest.mark.parametrize("script", sorted(path.name for path in (ROOT / "tests/js").glob("face_*.test.mjs")))
def test_the_face_in_the_browser_behaves(script):
    run = subprocess.run(
        [*node(), "--test", f"tests/js/{script}"], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False
    )
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-2000:]
