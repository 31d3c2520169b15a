/**
 * How skin, eyes, hair and cloth take the light. The open sky and the key light's shadow are part of the asset (vertex
 * colours: sky, key, a strand's depth, share of the head's motion), so a frame needs neither shadow maps nor
 * reflections. Where the CPU has to draw (`lean`), skin, hair and cloth are lit at their vertices, not at every pixel.
 */

import { AdditiveBlending, DoubleSide, FrontSide, ShaderMaterial, Vector3 } from "three";

const LIGHT = /* glsl */ `
// KEY is the direction that light.py in realtime/rendering/face_asset has baked the shadow for.
const vec3 KEY = vec3(-0.5208, 0.4735, 0.7102);
const vec3 FILL = vec3(0.7845, 0.0981, 0.6125);
const vec3 RIM_RIGHT = vec3(0.6667, 0.3030, -0.6809);
const vec3 RIM_LEFT = vec3(-0.7682, 0.2561, -0.5868);
const vec3 KEY_COLOUR = vec3(1.0, 0.945, 0.88) * 2.15;
const vec3 FILL_COLOUR = vec3(0.80, 0.88, 1.0) * 0.62;
const vec3 RIM_COLOUR = vec3(1.0, 0.97, 0.93) * 1.05;
vec3 sky(vec3 n) {
    return mix(vec3(0.27, 0.235, 0.215), vec3(0.52, 0.545, 0.59), n.y * 0.5 + 0.5) + vec3(0.10, 0.09, 0.08) * max(n.z, 0.0);
}
// Light that goes a little way round the edge of its own shadow.
vec3 wrapped(float cosine, vec3 width) {
    return max((cosine + width) / (1.0 + width), 0.0) / (1.0 + 0.5 * width);
}
float gloss(vec3 n, vec3 view, vec3 light, float roughness) {
    vec3 h = normalize(view + light);
    float nl = max(dot(n, light), 0.0), nv = max(dot(n, view), 0.08), nh = max(dot(n, h), 0.0);
    float a = roughness * roughness;
    float d = nh * nh * (a * a - 1.0) + 1.0;
    float k = a * 0.5;
    float fresnel = 0.028 + 0.972 * pow(clamp(1.0 - dot(view, h), 0.0, 1.0), 5.0);
    return a * a / (3.14159 * d * d) * fresnel * nl / (4.0 * (nl * (1.0 - k) + k) * (nv * (1.0 - k) + k));
}`;

/* Each `shade` gives what falls on a surface (to be multiplied by its colour) and what it mirrors. `n` is smooth,
   `fine` has the grain; `lit` is the vertex colour. */
const SKIN = /* glsl */ `
void shade(vec3 n, vec3 fine, vec3 view, vec3 lit, vec3 local, out vec3 light, out vec3 sheen) {
    vec3 middle = normalize(mix(n, fine, 0.45));
    float open = lit.x;
    // Blood colours what little light comes through folds and round the terminator.
    vec3 cavity = pow(vec3(open), vec3(0.84, 1.0, 1.05));
    vec3 shadow = pow(vec3(lit.y), vec3(0.74, 0.98, 1.04));
    vec3 width = vec3(0.36, 0.16, 0.10);
    float facing = dot(n, KEY), rough = dot(fine, KEY);
    vec3 key = vec3(wrapped(facing, width).r, wrapped(mix(facing, rough, 0.6), width).g, wrapped(rough, width).b);
    light = 0.60 * (key * shadow * KEY_COLOUR
        + wrapped(dot(middle, FILL), width) * FILL_COLOUR * cavity
        + (wrapped(dot(middle, RIM_RIGHT), width) + 0.6 * wrapped(dot(middle, RIM_LEFT), width)) * RIM_COLOUR * 0.55 * cavity
        + sky(middle) * cavity);
    float edge = pow(clamp(1.0 - dot(middle, view), 0.0, 1.0), 4.0);
    sheen = KEY_COLOUR * lit.y * (0.62 * gloss(fine, view, KEY, 0.56) + 0.30 * gloss(middle, view, KEY, 0.36))
        + FILL_COLOUR * 0.45 * gloss(middle, view, FILL, 0.5) * open
        + RIM_COLOUR * gloss(middle, view, RIM_RIGHT, 0.55) * 0.5 * open
        + sky(reflect(-view, middle)) * (0.012 + 0.22 * edge) * open;
}`;

// Two highlights along the strands, the second one in their colour (Kajiya and Kay 1989; Scheuermann 2004).
const HAIR = /* glsl */ `
void shade(vec3 n, vec3 fine, vec3 view, vec3 lit, vec3 local, out vec3 light, out vec3 sheen) {
    vec3 along = normalize(fine);
    float t = dot(normalize(along + 0.10 * n), normalize(view + KEY)), u = dot(normalize(along - 0.16 * n), normalize(view + KEY));
    float first = pow(max(1.0 - t * t, 0.0), 60.0), second = pow(max(1.0 - u * u, 0.0), 14.0);
    float w = dot(along, normalize(view + RIM_RIGHT)), rim = pow(max(1.0 - w * w, 0.0), 24.0);
    float open = lit.x, key = lit.y * smoothstep(-0.25, 0.5, dot(n, KEY));
    light = 0.62 * (wrapped(dot(n, KEY), vec3(0.35)) * KEY_COLOUR * (0.25 + 0.75 * lit.y) * open
        + (wrapped(dot(n, FILL), vec3(0.35)) * FILL_COLOUR
        + (wrapped(dot(n, RIM_RIGHT), vec3(0.4)) + 0.7 * wrapped(dot(n, RIM_LEFT), vec3(0.4))) * RIM_COLOUR + sky(n)) * open)
        + second * 0.42 * KEY_COLOUR * key;
    sheen = (first * 0.075 * key + rim * 0.03 * open * max(dot(n, RIM_RIGHT), 0.0)) * KEY_COLOUR;
}`;

const CLOTH = /* glsl */ `
void shade(vec3 n, vec3 fine, vec3 view, vec3 lit, vec3 local, out vec3 light, out vec3 sheen) {
    if (dot(n, view) < 0.0) n = -n;
    light = 0.56 * (max(dot(n, KEY), 0.0) * lit.y * KEY_COLOUR + max(dot(n, FILL), 0.0) * FILL_COLOUR * lit.x
        + (max(dot(n, RIM_RIGHT), 0.0) + 0.6 * max(dot(n, RIM_LEFT), 0.0)) * RIM_COLOUR * 0.6 + sky(n) * lit.x);
    sheen = pow(clamp(1.0 - dot(n, view), 0.0, 1.0), 3.0) * sky(n) * 0.05 * lit.x;
}`;

const vertex = (shade) => /* glsl */ `
attribute vec4 colour;
#ifdef STRANDS
attribute vec4 along;
varying vec3 vAlong;
#endif
uniform mat4 head;
uniform float breath;
varying vec3 vNormal;
varying vec3 vWorld;
varying vec3 vLocal;
varying vec2 vUv;
varying vec3 vLit;
#ifdef LEAN
varying vec3 vLight;
varying vec3 vSheen;
${LIGHT}
${shade}
#endif
void main() {
    vec4 still = vec4(position, 1.0);
    still.y += breath * 0.0016 * (1.0 - colour.a);
    still.z += breath * 0.0012 * (1.0 - colour.a);
    vec4 world = mix(still, head * vec4(position, 1.0), colour.a);
    vNormal = mix(normal, mat3(head) * normal, colour.a);
    vWorld = world.xyz;
    vLocal = position;
    vUv = uv;
    vLit = colour.rgb;
    gl_Position = projectionMatrix * viewMatrix * world;
    vec3 grain = vNormal;
    #ifdef STRANDS
    vAlong = mix(along.xyz, mat3(head) * along.xyz, colour.a);
    grain = vAlong;
    #endif
    #ifdef LEAN
    vec3 n = normalize(vNormal);
    shade(n, normalize(grain), normalize(cameraPosition - world.xyz), vLit, position, vLight, vSheen);
    #endif
}`;

const BEGIN = /* glsl */ `
uniform sampler2D map;
varying vec3 vNormal;
varying vec3 vWorld;
varying vec3 vLocal;
varying vec2 vUv;
varying vec3 vLit;
#ifdef LEAN
varying vec3 vLight;
varying vec3 vSheen;
#endif
${LIGHT}`;

const END = /* glsl */ `
    #include <tonemapping_fragment>
    #include <colorspace_fragment>
}`;

const SKIN_PIXEL = /* glsl */ `${BEGIN}
uniform sampler2D pores;
uniform sampler2D folds;
uniform vec3 foldsLeft;
uniform vec3 foldsRight;
${SKIN}
void main() {
    vec3 deep = mix(foldsRight, foldsLeft, smoothstep(-0.004, 0.004, vLocal.x));
    float groove = dot(deep, texture2D(folds, vUv).rgb);
    #ifdef LEAN
    vec3 light = vLight, sheen = vSheen * (1.0 - 0.6 * groove);
    #else
    vec3 n = normalize(vNormal), light, sheen;
    // Folds bend the normal by the slope of their depth (Mikkelsen 2010, bump mapping without tangents).
    vec2 right = dFdx(vUv), up = dFdy(vUv);
    vec3 across = dFdx(vWorld), upwards = dFdy(vWorld);
    vec2 slope = vec2(dot(deep, texture2D(folds, vUv + right).rgb), dot(deep, texture2D(folds, vUv + up).rgb)) - groove;
    slope = clamp(slope, -0.3, 0.3); // where the texture has a seam
    vec3 first = cross(upwards, n), second = cross(n, across);
    float area = dot(across, first);
    n = normalize((abs(area) + 1e-12) * n + sign(area) * 0.0011 * (slope.x * first + slope.y * second));
    vec3 small = texture2D(pores, vUv * vec2(13.0, 26.0)).xyz * 2.0 - 1.0;
    vec2 large = texture2D(pores, vUv * vec2(3.3, 6.6) + 0.37).xy * 2.0 - 1.0;
    vec2 grain = small.xy * 0.30 + large * 0.20;
    vec3 side = normalize(cross(vec3(0.0, 1.0, 0.001), n));
    vec3 fine = normalize(n + side * grain.x + cross(n, side) * grain.y);
    shade(n, fine, normalize(cameraPosition - vWorld), vLit, vLocal, light, sheen);
    sheen *= (1.0 - 0.7 * groove) * (0.55 + 0.45 * small.z);
    #endif
    vec3 tone = texture2D(map, vUv).rgb * (1.0 - min(groove, 1.0) * vec3(0.16, 0.24, 0.26));
    gl_FragColor = vec4(tone * light + sheen, 1.0);
${END}`;

const HAIR_PIXEL = /* glsl */ `${BEGIN}
varying vec3 vAlong;
${HAIR}
void main() {
    vec4 strand = texture2D(map, vUv);
    if (strand.a < CUT) discard;
    #ifdef LEAN
    vec3 light = vLight, sheen = vSheen;
    #else
    vec3 n = normalize(vNormal), light, sheen;
    float odd = strand.g * 3.0 + vUv.x * 23.0;
    shade(n, normalize(vAlong) + n * 0.16 * (fract(odd) - 0.5), normalize(cameraPosition - vWorld), vLit, vLocal, light, sheen);
    #endif
    gl_FragColor = vec4(strand.rgb * light + sheen, ALPHA);
${END}`;

const CLOTH_PIXEL = /* glsl */ `${BEGIN}
${CLOTH}
void main() {
    #ifdef LEAN
    vec3 light = vLight, sheen = vSheen;
    #else
    vec3 n = normalize(vNormal), light, sheen;
    shade(n, n, normalize(cameraPosition - vWorld), vLit, vLocal, light, sheen);
    #endif
    gl_FragColor = vec4(texture2D(map, vUv).rgb * light + sheen, 1.0);
${END}`;

const EYE_PIXEL = /* glsl */ `${BEGIN}
void main() {
    vec3 n = normalize(vNormal);
    float open = smoothstep(0.0, 0.62, vLit.x);
    vec3 light = wrapped(dot(n, KEY), vec3(0.5, 0.4, 0.38)) * mix(0.45, 1.0, vLit.y) * KEY_COLOUR * 0.62
        + wrapped(dot(n, FILL), vec3(0.4)) * FILL_COLOUR + sky(n);
    vec3 shade = mix(vec3(0.30, 0.17, 0.15), vec3(1.0), open);
    // Light that the cornea bends into the iris gathers opposite the lamp.
    vec2 disc = (vUv - 0.5) * 5.0;
    float iris = 1.0 - smoothstep(0.85, 1.0, length(disc));
    light *= 1.0 + iris * (0.55 * smoothstep(-0.2, 0.9, dot(disc, vec2(0.66, 0.75))) + 0.25);
    gl_FragColor = vec4(texture2D(map, vUv).rgb * light * shade * 0.56, 1.0);
${END}`;

const CORNEA_PIXEL = /* glsl */ `${BEGIN}
// A window, as it is seen in an eye.
float lamp(vec3 ray, vec3 at, float size) {
    vec2 off = (ray - at).xy / size;
    return step(0.0, ray.z) * smoothstep(1.0, 0.8, max(abs(off.x) * 1.25, abs(off.y)));
}
void main() {
    vec3 n = normalize(vNormal);
    vec3 view = normalize(cameraPosition - vWorld);
    vec3 ray = reflect(-view, n);
    float edge = 0.022 + 0.5 * pow(clamp(1.0 - dot(n, view), 0.0, 1.0), 5.0);
    float meniscus = smoothstep(0.10, 0.22, vLit.x) * (1.0 - smoothstep(0.26, 0.42, vLit.x)) * step(n.y, 0.1);
    vec3 seen = sky(ray) * edge * 0.35 + vec3(0.22) * meniscus * max(n.z, 0.0)
        + vec3(1.0, 0.98, 0.95) * lamp(ray, normalize(vec3(-0.40, 0.42, 0.82)), 0.17) * 0.95
        + vec3(0.85, 0.92, 1.0) * lamp(ray, normalize(vec3(0.5, 0.0, 0.86)), 0.10) * 0.16;
    gl_FragColor = vec4(seen, 1.0);
${END}`;

const MOUTH_PIXEL = /* glsl */ `${BEGIN}
void main() {
    vec3 n = normalize(vNormal);
    vec3 view = normalize(cameraPosition - vWorld);
    float seen = smoothstep(0.0, 0.55, vLit.x) * smoothstep(DEEP, FRONT, vLocal.z);
    vec3 light = wrapped(dot(n, normalize(vec3(-0.2, 0.25, 1.0))), vec3(0.4, 0.3, 0.25)) * KEY_COLOUR * 0.5 + sky(n) * 0.8;
    float wet = gloss(n, view, normalize(vec3(-0.3, 0.3, 1.0)), 0.3) * 0.6;
    gl_FragColor = vec4((texture2D(map, vUv).rgb * light * 0.62 + wet) * seen, 1.0);
${END}`;

const HAIRS_PIXEL = /* glsl */ `${BEGIN}
void main() {
    vec4 hair = texture2D(map, vUv);
    if (hair.a < 0.02) discard;
    gl_FragColor = vec4(hair.rgb * (sky(normalize(vNormal)) + KEY_COLOUR * 0.35), hair.a);
${END}`;

/**
 * How deep the skin's folds are, as uniforms that every material shares.
 * @param {number[]} rest of the forehead, the frown and the smile, in a face at rest, 0..1
 * @returns {{uniforms: object, apply: (coefficients: Record<string, number>) => void}}
 */
export function folding(rest = [0, 0, 0]) {
    const uniforms = { foldsLeft: { value: new Vector3(...rest) }, foldsRight: { value: new Vector3(...rest) } };
    const apply = (c) => {
        for (const side of ["Left", "Right"]) {
            const of = (name) => c[name + side] ?? 0;
            const raised = 0.75 * (c.browInnerUp ?? 0) + 0.6 * of("browOuterUp") - 0.5 * of("browDown");
            const frown = of("browDown") + 0.5 * of("noseSneer") + 0.25 * (c.browInnerUp ?? 0);
            const smile = Math.max(of("mouthSmile"), 0.8 * of("eyeSquint"), 0.9 * of("cheekSquint"), 0.6 * of("mouthDimple"), 0.5 * of("mouthStretch"), 0.7 * of("noseSneer"));
            const value = uniforms[`folds${side}`].value;
            [raised, frown, smile].forEach((amount, i) => value.setComponent(i, rest[i] + (1 - rest[i]) * Math.min(Math.max(amount, 0), 1)));
        }
    };
    return { uniforms, apply };
}

/**
 * @param {string} part the mesh's name
 * @param {{map: import("three").Texture, pores: ?import("three").Texture, folds: ?import("three").Texture, shared: object, front: number,
 *   lean: boolean}} given `shared`: uniforms of all materials (head, breath and what `folding` gives); `front`: where the teeth begin (z);
 *   `lean`: to be drawn by a CPU, without multisampling
 * @returns {ShaderMaterial}
 */
export function material(part, { map, pores, folds, shared, front, lean }) {
    const depth = (behind, before) => ({ FRONT: (front + before).toFixed(4), DEEP: (front - behind).toFixed(4) });
    const atVertices = lean ? { LEAN: "" } : {};
    const strands = lean ? { CUT: "0.25", ALPHA: "1.0" } : { CUT: "0.06", ALPHA: "smoothstep(0.1, 0.75, strand.a)" };
    const hairs = { fragmentShader: HAIRS_PIXEL, side: DoubleSide, transparent: true, depthWrite: false };
    const kinds = {
        skin: { vertexShader: vertex(SKIN), fragmentShader: SKIN_PIXEL, defines: atVertices },
        hair: { vertexShader: vertex(HAIR), fragmentShader: HAIR_PIXEL, defines: { STRANDS: "", ...atVertices, ...strands }, side: DoubleSide, alphaToCoverage: !lean, transparent: !lean },
        cloth: { vertexShader: vertex(CLOTH), fragmentShader: CLOTH_PIXEL, defines: atVertices, side: DoubleSide },
        eyes: { fragmentShader: EYE_PIXEL },
        cornea: { fragmentShader: CORNEA_PIXEL, transparent: true, depthWrite: false, blending: AdditiveBlending },
        teeth: { fragmentShader: MOUTH_PIXEL, defines: depth(0.05, -0.004) },
        tongue: { fragmentShader: MOUTH_PIXEL, defines: depth(0.055, 0.002) },
        brows: { ...hairs, polygonOffset: true, polygonOffsetFactor: -1 },
        lashes: hairs,
    };
    return new ShaderMaterial({
        vertexShader: vertex(""),
        side: FrontSide,
        ...kinds[part],
        uniforms: { map: { value: map }, pores: { value: pores }, folds: { value: folds }, ...shared },
    });
}
