"""The browser renderer's own shaders, made ready for desktop GL, so that both renderers draw the same picture.

static/face/materials.js keeps each shader as a template literal marked `/* glsl */`, with the names of others in `${}`.
three.js adds a prologue to them (GLSL ES to GLSL 3, tone mapping, colour space); PROLOGUE here stands for it.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).parents[3] / "static" / "face" / "materials.js"

_LITERAL = re.compile(r"const (\w+) = (?:\((\w+)\) => )?/\* glsl \*/ `([^`]*)`")
_NAMED = re.compile(r"\$\{(\w+)\}")

_VERTEX = """#version 330
#define attribute in
#define varying out
#define texture2D texture
attribute vec3 position;
attribute vec3 normal;
attribute vec2 uv;
uniform mat4 viewMatrix;
uniform mat4 projectionMatrix;
uniform vec3 cameraPosition;
"""

# Khronos PBR neutral tone mapping, as in three.js (ShaderChunk/tonemapping_pars_fragment), and the sRGB transfer.
_FRAGMENT = """#version 330
#define varying in
#define texture2D texture
out vec4 pixel;
#define gl_FragColor pixel
// Light at the rim of a triangle may come out just below 0, of which GL knows no power.
#define pow(base, exponent) pow(max(base, 0.0), exponent)
uniform mat4 viewMatrix;
uniform vec3 cameraPosition;
vec3 toneMapped(vec3 colour) {
    float x = min(colour.r, min(colour.g, colour.b));
    colour -= x < 0.08 ? x - 6.25 * x * x : 0.04;
    float peak = max(colour.r, max(colour.g, colour.b));
    if (peak < 0.76) return colour;
    float newPeak = 1.0 - 0.24 * 0.24 / (peak + 0.24 - 0.76);
    colour *= newPeak / peak;
    return mix(colour, vec3(newPeak), 1.0 - 1.0 / (0.15 * (peak - newPeak) + 1.0));
}
vec3 toSRGB(vec3 colour) {
    vec3 curved = 1.055 * pow(colour, vec3(0.41666)) - 0.055;
    return mix(curved, colour * 12.92, vec3(lessThanEqual(colour, vec3(0.0031308))));
}
"""
_INCLUDES = {
    "#include <tonemapping_fragment>": "gl_FragColor.rgb = toneMapped(gl_FragColor.rgb);",
    "#include <colorspace_fragment>": "gl_FragColor.rgb = toSRGB(gl_FragColor.rgb);",
}


class ShaderError(ValueError):
    """The browser renderer's file does not hold what is asked of it; the message names it."""


def vertex(shade: str | None, defines: dict[str, str]) -> str:
    """The vertex shader with the light of `shade` (the name of one of the file's pieces), for those that use it."""
    return _VERTEX + _defined(defines) + _expanded("vertex", {"shade": _expanded(shade) if shade else ""})


def fragment(name: str, defines: dict[str, str]) -> str:
    """The fragment shader of that name."""
    text = _expanded(name)
    for include, line in _INCLUDES.items():
        text = text.replace(include, line)
    return _FRAGMENT + _defined(defines) + text


def _defined(defines: dict[str, str]) -> str:
    return "".join(f"#define {name} {value}\n" for name, value in defines.items())


def _expanded(name: str, given: dict[str, str] | None = None) -> str:
    if name not in _pieces():
        raise ShaderError(f"{SOURCE.name} has no shader {name}")
    return _NAMED.sub(
        lambda found: given[found[1]] if given and found[1] in given else _expanded(found[1], given), _pieces()[name]
    )


@cache
def _pieces() -> dict[str, str]:
    return {name: text for name, _, text in _LITERAL.findall(SOURCE.read_text(encoding="utf-8"))}
