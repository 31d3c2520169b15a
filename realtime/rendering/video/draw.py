"""Draws faces with OpenGL on EGL, without a display: the same shaders, camera and light as in the browser.

A hardware renderer lights every pixel and smooths edges; a software renderer (Mesa's llvmpipe) draws fewer triangles
and lights them at their vertices, as the browser does without a GPU. A picture leaves as I420 (BT.601, limited range),
converted where it was drawn, because that is what encoders take.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import moderngl
import numpy as np
from PIL import Image

from realtime.rendering.behaviour.breath import RISE
from realtime.rendering.frames import COEFFICIENTS, Frame
from realtime.rendering.video import shaders
from realtime.rendering.video.head import Head, Part

SIZES = {360: (640, 360), 720: (1280, 720), 1080: (1920, 1080)}
_DEVICES = 8  # EGL devices that are looked at, at most
_SAMPLES = 4
_SRGB_ALPHA = 0x8C43  # GL_SRGB8_ALPHA8
_ALPHA_TO_COVERAGE = 0x809E  # GL_SAMPLE_ALPHA_TO_COVERAGE
_SOFTWARE = ("llvmpipe", "softpipe", "swrast", "software")
# What covers most first; each part's light and fragment shader (static/face/materials.js has the same table).
_ORDER = ("hair", "cloth", "skin", "eyes", "teeth", "tongue", "brows", "lashes", "cornea")
_SHADES = {"skin": "SKIN", "hair": "HAIR", "cloth": "CLOTH"}
_PIXELS = {
    **{"skin": "SKIN_PIXEL", "hair": "HAIR_PIXEL", "cloth": "CLOTH_PIXEL", "eyes": "EYE_PIXEL"},
    **{"cornea": "CORNEA_PIXEL", "teeth": "MOUTH_PIXEL", "tongue": "MOUTH_PIXEL"},
    **{"brows": "HAIRS_PIXEL", "lashes": "HAIRS_PIXEL"},
}
_TWO_SIDED = {"hair", "cloth", "brows", "lashes"}
_BLENDED = {"brows", "lashes", "cornea"}  # and leave no depth
# Top and bottom of the stage behind the persona, sRGB: --stage-from and --stage-to in static/css/tokens.css.
_ROOM = 0.03  # metres that a head moves out of its place, at most
_SMILE = {
    **{"mouthSmile": 1.0, "eyeSquint": 0.8, "cheekSquint": 0.9, "mouthDimple": 0.6, "mouthStretch": 0.5},
    "noseSneer": 0.7,
}
_PARTED = 0.02
_PARTING = [
    COEFFICIENTS.index(name)
    for name in (
        *("jawOpen", "mouthFunnel", "mouthUpperUpLeft", "mouthUpperUpRight", "mouthLowerDownLeft"),
        *("mouthLowerDownRight", "mouthStretchLeft", "mouthStretchRight", "mouthShrugUpper", "tongueOut"),
    )
]
_STAGE = {False: ((0.914, 0.925, 0.910), (0.812, 0.847, 0.827)), True: ((0.141, 0.173, 0.169), (0.086, 0.106, 0.106))}

_SCREEN = """#version 330
out vec2 at;
void main() {
    at = vec2(gl_VertexID & 1, gl_VertexID >> 1) * 2.0;
    gl_Position = vec4(at * 2.0 - 1.0, 1.0, 1.0);
}"""
_BACKDROP = """#version 330
in vec2 at;
out vec4 pixel;
uniform vec3 above;
uniform vec3 below;
void main() { pixel = vec4(mix(below, above, at.y), 1.0); }"""
# ITU-R BT.601-7, limited range; the first row of a picture is the top one, which GL has last.
_LUMA = """#version 330
in vec2 at;
out float y;
uniform sampler2D picture;
void main() { y = dot(texture(picture, vec2(at.x, 1.0 - at.y)).rgb, vec3(0.25679, 0.50413, 0.09791)) + 0.06275; }"""
_CHROMA = """#version 330
in vec2 at;
layout(location = 0) out float u;
layout(location = 1) out float v;
uniform sampler2D picture;
void main() {
    vec3 c = texture(picture, vec2(at.x, 1.0 - at.y)).rgb;
    u = dot(c, vec3(-0.14822, -0.29099, 0.43922)) + 0.50196;
    v = dot(c, vec3(0.43922, -0.36779, -0.07143)) + 0.50196;
}"""


class NoRenderer(RuntimeError):
    """There is no EGL or no OpenGL 3.3 here; the message says what the system answered."""


@dataclass(frozen=True)
class Shot:
    """One face to be drawn: `vertices` float32 (V, 6) as the deformer gives them, posed as `frame` says."""

    head: Head
    vertices: np.ndarray
    frame: Frame
    size: tuple[int, int]
    dark: bool = False


class Painter:
    """One GL context; for the thread that made it. Raises NoRenderer where there is none."""

    def __init__(self):
        self._gl = _context()
        self.renderer = self._gl.info["GL_RENDERER"]
        self.software = _in_software(self._gl)
        self._heads: dict[str, _Drawn] = {}
        self._programs = _Programs(self._gl)
        self._targets: dict[tuple[int, int, int], _Target] = {}
        self._backdrop = self._gl.program(_SCREEN, _BACKDROP)
        self._behind = self._gl.vertex_array(self._backdrop, [])
        self._luma = self._gl.vertex_array(self._gl.program(_SCREEN, _LUMA), [])
        self._chroma = self._gl.vertex_array(self._gl.program(_SCREEN, _CHROMA), [])

    def hold(self, head: Head) -> None:
        """Compile and upload what a head needs, before it is needed."""
        if head.name not in self._heads:
            self._heads[head.name] = _Drawn(self._gl, self._programs, head, self.software)

    def draw(self, shots: Sequence[Shot]) -> None:
        """Draw all; nothing here waits for the GPU."""
        for place, shot in enumerate(shots):
            self.hold(shot.head)
            drawn, target = self._heads[shot.head.name], self._target(shot.size, place)
            target.aim(drawn.reach(shot.size) if self.software else None, (shot.head.name, shot.dark))
            target.canvas.use()
            target.canvas.clear(depth=1.0)
            self._flat()
            self._backdrop["above"].value, self._backdrop["below"].value = _STAGE[shot.dark]
            self._behind.render(vertices=3)
            drawn.draw(shot)
            self._flat()
            target.resolve(self._gl)
            target.luma.use()
            self._luma.render(vertices=3)
            target.chroma.use()
            self._chroma.render(vertices=3)

    def read(self, shots: Sequence[Shot]) -> list[np.ndarray]:
        """The pictures that `draw` made of the same shots: I420, uint8 (height * 3/2, width)."""
        return [self._target(shot.size, place).i420() for place, shot in enumerate(shots)]

    def finish(self) -> None:
        """Wait until all is drawn."""
        self._gl.finish()

    def _flat(self) -> None:
        self._gl.disable(moderngl.DEPTH_TEST | moderngl.BLEND | moderngl.CULL_FACE)

    def _target(self, size: tuple[int, int], place: int) -> _Target:
        key = (*size, place)
        if key not in self._targets:
            self._targets[key] = _Target(self._gl, size, 0 if self.software else _SAMPLES)
        return self._targets[key]


class _Programs:
    """Compiled shaders; heads that need the same share them."""

    def __init__(self, gl: moderngl.Context):
        self._gl = gl
        self._made: dict[tuple[str, str], moderngl.Program] = {}

    def program(self, part: str, defines: dict[str, str]) -> moderngl.Program:
        """Raises ShaderError for a shader that is not there, and moderngl.Error for one that does not compile."""
        source = shaders.vertex(_SHADES.get(part), defines), shaders.fragment(_PIXELS[part], defines)
        if source not in self._made:
            self._made[source] = self._gl.program(*source)
        return self._made[source]


class _Target:
    """Where one face is drawn, and its planes."""

    def __init__(self, gl: moderngl.Context, size: tuple[int, int], samples: int):
        width, height = size
        half = (width // 2, height // 2)
        self._picture = gl.texture(size, 4)
        self._picture.filter = (moderngl.LINEAR, moderngl.LINEAR)
        if samples:
            colour, depth = gl.renderbuffer(size, 4, samples=samples), gl.depth_renderbuffer(size, samples=samples)
            self._resolved = gl.framebuffer(self._picture)
        else:
            colour, depth = self._picture, gl.depth_renderbuffer(size)
            self._resolved = None
        self.canvas = gl.framebuffer(colour, depth)
        self.luma = gl.framebuffer(gl.texture(size, 1))
        self.chroma = gl.framebuffer([gl.texture(half, 1), gl.texture(half, 1)])
        self._size = size
        self._behind: Hashable = None

    def aim(self, reach: tuple[int, int, int, int] | None, behind: Hashable) -> None:
        """Draw only within `reach` (x, y, width, height; even numbers) while what is `behind` it stays the same: what
        was drawn around it is still there."""
        if reach is None or behind != self._behind:
            reach = (0, 0, *self._size)
        self._behind = behind
        x, y, width, height = reach
        top = self._size[1] - y - height  # the planes begin with the top row
        self.canvas.scissor = reach
        self.luma.scissor = (x, top, width, height)
        self.chroma.scissor = (x // 2, top // 2, width // 2, height // 2)

    def resolve(self, gl: moderngl.Context) -> None:
        if self._resolved is not None:
            gl.copy_framebuffer(self._resolved, self.canvas)
        self._picture.use(0)

    def i420(self) -> np.ndarray:
        width, height = self._size
        planes = np.empty(width * height * 3 // 2, np.uint8)
        luma, quarter = width * height, width * height // 4
        self.luma.read_into(planes[:luma], components=1, alignment=1)
        for plane in (0, 1):
            into = planes[luma + plane * quarter : luma + (plane + 1) * quarter]
            self.chroma.read_into(into, components=1, attachment=plane, alignment=1)
        return planes.reshape(-1, width)


class _Drawn:
    """A head on the GPU: programs, textures and buffers. What moves is written anew for each face."""

    def __init__(self, gl: moderngl.Context, programs: _Programs, head: Head, software: bool):
        self._gl, self._head, self._software = gl, head, software
        tiled = {place for part in head.parts for place in (part.pores, part.folds) if place is not None}
        places = tiled | {part.picture for part in head.parts}
        self._textures = {place: _texture(gl, head.pictures[place], place in tiled, software) for place in places}
        parts = sorted(head.parts, key=lambda part: (_blended(part.name, software), _ORDER.index(part.name)))
        self._meshes = [_Mesh(gl, programs, part, head, software) for part in parts]
        self._reaches: dict[tuple[int, int], tuple[int, int, int, int]] = {}

    def reach(self, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """What the head may cover however it moves: x, y, width and height in pixels, from the lower left corner."""
        if size not in self._reaches:
            moving = np.concatenate([part.colour[:, 3] for part in self._head.parts]) > 0
            corners = np.stack([self._head.rest[moving, :3].min(0), self._head.rest[moving, :3].max(0)])
            corners += np.array([[-_ROOM], [_ROOM]])
            camera = _camera(size)
            box = np.array([[*corner, 1.0] for corner in itertools.product(*corners.T)])
            seen = box @ (camera["projectionMatrix"] @ camera["viewMatrix"]).T
            pixels = (seen[:, :2] / seen[:, 3:] * 0.5 + 0.5) * size
            low = np.clip(np.floor(pixels.min(0) / 2) * 2, 0, size).astype(int)
            high = np.clip(np.ceil(pixels.max(0) / 2) * 2, 0, size).astype(int)
            self._reaches[size] = (*low.tolist(), *(high - low).tolist())
        return self._reaches[size]

    def draw(self, shot: Shot) -> None:
        given = {**_camera(shot.size), "head": _pose(shot.frame, self._head.pivot)}
        given |= _folding(shot.frame, self._head.folds)
        given["breath"] = np.array(shot.frame.shift[1] / RISE)
        given = {name: np.ascontiguousarray(value.T, "<f4").tobytes() for name, value in given.items()}
        open_mouth = _opening(shot.frame) > _PARTED
        self._gl.enable(moderngl.DEPTH_TEST)
        for mesh in self._meshes:
            part = mesh.part
            if part.name in ("teeth", "tongue") and not open_mouth:
                continue
            if mesh.moves:
                mesh.write(shot.vertices[part.first : part.first + part.count])
            self._textures[part.picture].use(0)
            for unit, place in ((1, part.pores), (2, part.folds)):
                if place is not None:
                    self._textures[place].use(unit)
            self._prepare(part.name)
            mesh.render(given)
        self._restore()

    def _prepare(self, name: str) -> None:
        states = (name not in _TWO_SIDED, moderngl.CULL_FACE), (_blended(name, self._software), moderngl.BLEND)
        for wanted, state in states:
            (self._gl.enable if wanted else self._gl.disable)(state)
        self._gl.blend_func = moderngl.ADDITIVE_BLENDING if name == "cornea" else moderngl.DEFAULT_BLENDING
        self._gl.depth_mask = name not in _BLENDED
        self._gl.polygon_offset = (-1.0, 0.0) if name == "brows" else (0.0, 0.0)
        if not self._software:  # the ends of hair as coverage of a pixel's samples
            switch = self._gl.enable_direct if name == "hair" else self._gl.disable_direct
            switch(_ALPHA_TO_COVERAGE)

    def _restore(self) -> None:
        self._gl.depth_mask = True
        self._gl.polygon_offset = (0.0, 0.0)
        self._gl.disable_direct(_ALPHA_TO_COVERAGE)


class _Mesh:
    def __init__(self, gl: moderngl.Context, programs: _Programs, part: Part, head: Head, software: bool):
        self.part = part
        self.moves = bool(np.isin(head.moving, np.arange(part.first, part.first + part.count)).any())
        self._positions = gl.buffer(head.rest[part.first : part.first + part.count].tobytes(), dynamic=self.moves)
        defines = _defines(part.name, head.front, software)
        self._program = programs.program(part.name, defines)
        for unit, name in enumerate(("map", "pores", "folds")):
            if name in self._program:
                self._program[name].value = unit
        colours = np.hstack([part.uv, part.colour, part.along]).astype("<f4")
        self._mesh = gl.vertex_array(
            self._program,
            [
                (self._positions, "3f 3f", "position", "normal"),
                (gl.buffer(colours.tobytes()), "2f 4f 4f", "uv", "colour", "along"),
            ],
            gl.buffer((part.coarse if software else part.triangles).astype("<u4").tobytes()),
            skip_errors=True,
        )

    def write(self, vertices: np.ndarray) -> None:
        self._positions.orphan()
        self._positions.write(vertices)

    def render(self, given: dict[str, bytes]) -> None:
        for name, value in given.items():
            if name in self._program:
                self._program[name].write(value)
        self._mesh.render()


def _blended(name: str, software: bool) -> bool:
    """Whether a part is mixed with what is behind it, and so drawn after all that is not; the ends of hair are, where
    they are not just cut off."""
    return name in _BLENDED or (name == "hair" and not software)


def _defines(name: str, front: float, software: bool) -> dict[str, str]:
    depth = {"teeth": (0.05, -0.004), "tongue": (0.055, 0.002)}.get(name)
    defines = {} if depth is None else {"DEEP": f"{front - depth[0]:.4f}", "FRONT": f"{front + depth[1]:.4f}"}
    if name in _SHADES and software:
        defines["LEAN"] = ""
    if name == "hair":
        defines["STRANDS"] = ""
        defines |= (
            {"CUT": "0.25", "ALPHA": "1.0"} if software else {"CUT": "0.06", "ALPHA": "smoothstep(0.1, 0.75, strand.a)"}
        )
    return defines


def _texture(gl: moderngl.Context, encoded: bytes, tiled: bool, software: bool) -> moderngl.Texture:
    """Colours are sRGB; pores and folds are plain numbers, the pores a tile."""
    picture = Image.open(io.BytesIO(encoded)).convert("RGBA")
    texture = gl.texture(picture.size, 4, picture.tobytes(), internal_format=None if tiled else _SRGB_ALPHA)
    texture.build_mipmaps()
    texture.filter = (moderngl.LINEAR_MIPMAP_NEAREST if software else moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
    texture.anisotropy = 1.0 if software else 4.0
    texture.repeat_x = texture.repeat_y = tiled
    return texture


def _camera(size: tuple[int, int]) -> dict[str, np.ndarray]:
    """Head and shoulders, 0.40 m high; a narrow picture still holds 0.27 m across. static/face/face.js has the same."""
    aspect = size[0] / size[1]
    high = max(0.40, 0.27 / aspect)
    at, towards = np.array([0.0, -0.005, 1.5]), np.array([0.0, -0.045 + (high - 0.40) / 2, 0.0])
    near, far, scale = 0.2, 5.0, (1.5 - 0.06) / (high / 2)
    projection = np.zeros((4, 4))
    projection[0, 0], projection[1, 1] = scale / aspect, scale
    projection[2, 2:] = (far + near) / (near - far), 2 * far * near / (near - far)
    projection[3, 2] = -1.0
    back = (at - towards) / np.linalg.norm(at - towards)
    right = np.cross([0.0, 1.0, 0.0], back)
    right /= np.linalg.norm(right)
    turn = np.stack([right, np.cross(back, right), back])
    view = np.eye(4)
    view[:3, :3], view[:3, 3] = turn, -turn @ at
    return {"projectionMatrix": projection, "viewMatrix": view, "cameraPosition": at}


def _pose(frame: Frame, pivot: tuple[float, float, float]) -> np.ndarray:
    """4 by 4: the head turned about its pivot (yaw, then pitch, then roll) and shifted."""
    pitch, yaw, roll = np.radians([frame.turn[0], frame.turn[1], -frame.turn[2]])
    about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    about_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    about_z = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    pose = np.eye(4)
    pose[:3, :3] = about_y @ about_x @ about_z
    pose[:3, 3] = np.array(pivot) + frame.shift - pose[:3, :3] @ pivot
    return pose


def _folding(frame: Frame, rest: tuple[float, float, float]) -> dict[str, np.ndarray]:
    """How deep the forehead's, the frown's and the smile's folds are on either side; `folding` in
    static/face/materials.js has the same."""
    shown = frame.named
    depths = {}
    for side in ("Left", "Right"):
        inner, down, sneer = shown["browInnerUp"], shown[f"browDown{side}"], shown[f"noseSneer{side}"]
        raised = 0.75 * inner + 0.6 * shown[f"browOuterUp{side}"] - 0.5 * down
        frown = down + 0.5 * sneer + 0.25 * inner
        smile = max(shown[f"{name}{side}"] * share for name, share in _SMILE.items())
        depth = np.clip([raised, frown, smile], 0, 1)
        depths[f"folds{side}"] = rest + (1 - np.array(rest)) * depth
    return depths


def _opening(frame: Frame) -> float:
    """How far what parts the lips goes; where it does not, nothing behind them is seen."""
    return float(frame.coefficients[_PARTING].sum())


def _context() -> moderngl.Context:
    """A hardware renderer where EGL has one, else a software renderer."""
    software, answer = None, "EGL lists no device"
    for device in range(_DEVICES):
        try:
            found = moderngl.create_context(standalone=True, backend="egl", require=330, device_index=device)
        except Exception as refusal:  # glcontext raises bare Exceptions
            answer = str(refusal) if device == 0 else answer
            break
        if not _in_software(found):
            return found
        software = software or found
    if software is None:
        raise NoRenderer(f"OpenGL 3.3 on EGL: {answer}")
    return software


def _in_software(gl: moderngl.Context) -> bool:
    return any(name in gl.info["GL_RENDERER"].lower() for name in _SOFTWARE)


def probe() -> tuple[str, bool]:
    """The renderer's name, and whether it draws in software. Raises NoRenderer."""
    gl = _context()
    found = gl.info["GL_RENDERER"], _in_software(gl)
    gl.release()
    return found
