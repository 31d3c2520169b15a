/**
 * How skin, eyes, hair and cloth take the light. The open sky and the key light's shadow are part of the asset (vertex
 * colours: sky, key, hair that is not cut off, share of the head's motion), so a frame needs neither shadow maps nor reflections.
 */

import { AdditiveBlending, DoubleSide, FrontSide, ShaderMaterial } from "three";

const VERTEX = /* glsl */ `
attribute vec4 colour;
uniform mat4 head;
uniform float breath;
varying vec3 vNormal;
varying vec3 vWorld;
varying vec3 vLocal;
varying vec2 vUv;
varying vec3 vLit;
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
}`;

const LIGHT = /* glsl */ `
uniform sampler2D map;
varying vec3 vNormal;
varying vec3 vWorld;
varying vec3 vLocal;
varying vec2 vUv;
varying vec3 vLit;
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
    float fresnel = 0.028 + 0.972 * pow(1.0 - max(dot(view, h), 0.0), 5.0);
    return a * a / (3.14159 * d * d) * fresnel * nl / (4.0 * (nl * (1.0 - k) + k) * (nv * (1.0 - k) + k));
}`;

const END = /* glsl */ `
    #include <tonemapping_fragment>
    #include <colorspace_fragment>
}`;

const SKIN = /* glsl */ `${LIGHT}
uniform sampler2D pores;
void main() {
    vec3 albedo = texture2D(map, vUv).rgb;
    vec3 smoothNormal = normalize(vNormal);
    vec3 view = normalize(cameraPosition - vWorld);
    vec2 grain = texture2D(pores, vUv * vec2(13.0, 26.0)).xy * 2.0 - 1.0;
    vec3 across = normalize(cross(vec3(0.0, 1.0, 0.001), smoothNormal));
    vec3 n = normalize(smoothNormal + (across * grain.x + cross(smoothNormal, across) * grain.y) * 0.30);
    vec3 half_ = normalize(mix(smoothNormal, n, 0.45));

    float open = vLit.x;
    // Blood colours what little light comes through folds and round the terminator.
    vec3 cavity = pow(vec3(open), vec3(0.84, 1.0, 1.05));
    vec3 shadow = pow(vec3(vLit.y), vec3(0.74, 0.98, 1.04));
    vec3 width = vec3(0.36, 0.16, 0.10);
    float facing = dot(smoothNormal, KEY), rough = dot(n, KEY);
    vec3 key = vec3(wrapped(facing, width).r, wrapped(mix(facing, rough, 0.6), width).g, wrapped(rough, width).b);
    vec3 light = key * shadow * KEY_COLOUR
        + wrapped(dot(half_, FILL), width) * FILL_COLOUR * cavity
        + (wrapped(dot(half_, RIM_RIGHT), width) + 0.6 * wrapped(dot(half_, RIM_LEFT), width)) * RIM_COLOUR * 0.55 * cavity
        + sky(half_) * cavity;
    float edge = pow(1.0 - max(dot(half_, view), 0.0), 4.0);
    vec3 sheen = KEY_COLOUR * vLit.y * (0.62 * gloss(n, view, KEY, 0.56) + 0.30 * gloss(half_, view, KEY, 0.36))
        + FILL_COLOUR * 0.45 * gloss(half_, view, FILL, 0.5) * open
        + RIM_COLOUR * gloss(half_, view, RIM_RIGHT, 0.55) * 0.5 * open
        + sky(reflect(-view, half_)) * (0.012 + 0.22 * edge) * open;
    gl_FragColor = vec4(albedo * light * 0.60 + sheen, 1.0);
${END}`;

const EYE = /* glsl */ `${LIGHT}
void main() {
    vec3 albedo = texture2D(map, vUv).rgb;
    vec3 n = normalize(vNormal);
    float open = smoothstep(0.0, 0.62, vLit.x);
    vec3 light = wrapped(dot(n, KEY), vec3(0.5, 0.4, 0.38)) * mix(0.45, 1.0, vLit.y) * KEY_COLOUR * 0.62
        + wrapped(dot(n, FILL), vec3(0.4)) * FILL_COLOUR + sky(n);
    vec3 shade = mix(vec3(0.34, 0.22, 0.20), vec3(1.0), open);
    gl_FragColor = vec4(albedo * light * shade * 0.56, 1.0);
${END}`;

const CORNEA = /* glsl */ `${LIGHT}
float window_(vec3 ray, vec3 at, float size) {
    return smoothstep(size, size * 0.6, distance(ray, at));
}
void main() {
    vec3 n = normalize(vNormal);
    vec3 view = normalize(cameraPosition - vWorld);
    vec3 ray = reflect(-view, n);
    float edge = 0.022 + 0.5 * pow(1.0 - max(dot(n, view), 0.0), 5.0);
    vec3 seen = sky(ray) * edge * 0.35
        + vec3(1.0, 0.98, 0.95) * window_(ray, normalize(vec3(-0.40, 0.42, 0.82)), 0.16) * 0.85
        + vec3(0.85, 0.92, 1.0) * window_(ray, normalize(vec3(0.5, 0.0, 0.86)), 0.10) * 0.16;
    gl_FragColor = vec4(seen, 1.0);
${END}`;

const MOUTH = /* glsl */ `${LIGHT}
void main() {
    vec3 albedo = texture2D(map, vUv).rgb;
    vec3 n = normalize(vNormal);
    vec3 view = normalize(cameraPosition - vWorld);
    float open = smoothstep(0.0, 0.55, vLit.x);
    vec3 light = wrapped(dot(n, normalize(vec3(-0.2, 0.25, 1.0))), vec3(0.4, 0.3, 0.25)) * KEY_COLOUR * 0.5 + sky(n) * 0.8;
    float depth = smoothstep(DEEP, FRONT, vLocal.z);
    gl_FragColor = vec4(albedo * light * 0.62 * open * depth + gloss(n, view, normalize(vec3(-0.3, 0.3, 1.0)), 0.3) * 0.6 * open * depth, 1.0);
${END}`;

const HAIR = /* glsl */ `${LIGHT}
void main() {
    vec4 strand = texture2D(map, vUv);
    // Cut ends: each strand, told by its lightness, is a little longer or shorter.
    strand.a *= smoothstep(0.0, 0.35, vLit.z * 1.35 - fract(strand.g * 7.0 + vUv.x * 41.0) * 0.35);
    // On top of the head cards end on cards: no gaps between them.
    strand.a = max(strand.a, step(0.078, vLocal.y));
    if (strand.a < CUT) discard;
    vec3 n = normalize(vNormal);
    vec3 view = normalize(cameraPosition - vWorld);
    // Strands run from the parting to the sides and down.
    vec3 along = vec3(clamp(vLocal.x * 30.0, -1.0, 1.0) * 0.8, -1.0, -0.25);
    along = normalize(along - n * dot(n, along) + n * (strand.g - 0.3) * 0.5);
    // Layers of cards cross on the crown: there the lower one must not be dark.
    float crown = smoothstep(-0.02, 0.07, vLocal.y) * 0.6;
    float open = mix(vLit.x, 1.0, crown), lit = mix(mix(0.25, 1.0, vLit.y), 1.0, crown);
    float t = dot(along, normalize(view + KEY));
    float first = pow(max(1.0 - (t - 0.06) * (t - 0.06), 0.0), 90.0);
    float second = pow(max(1.0 - (t + 0.16) * (t + 0.16), 0.0), 22.0);
    vec3 light = wrapped(dot(n, KEY), vec3(0.3)) * KEY_COLOUR * lit + wrapped(dot(n, FILL), vec3(0.3)) * FILL_COLOUR
        + (wrapped(dot(n, RIM_RIGHT), vec3(0.4)) + 0.7 * wrapped(dot(n, RIM_LEFT), vec3(0.4))) * RIM_COLOUR + sky(n);
    float front = smoothstep(-0.1, 0.5, dot(n, KEY));
    vec3 shine = (first * vec3(0.055) + second * sqrt(strand.rgb) * 0.11) * KEY_COLOUR * lit * front;
    gl_FragColor = vec4(strand.rgb * light * 0.56 * pow(open, 1.3) + shine * open, ALPHA);
${END}`;

const HAIRS = /* glsl */ `${LIGHT}
void main() {
    vec4 hair = texture2D(map, vUv);
    if (hair.a < 0.02) discard;
    vec3 n = normalize(vNormal);
    gl_FragColor = vec4(hair.rgb * (sky(n) + KEY_COLOUR * 0.35), hair.a);
${END}`;

const CLOTH = /* glsl */ `${LIGHT}
void main() {
    vec3 albedo = texture2D(map, vUv).rgb;
    vec3 n = normalize(vNormal);
    vec3 view = normalize(cameraPosition - vWorld);
    if (dot(n, view) < 0.0) n = -n;
    float edge = pow(1.0 - max(dot(n, view), 0.0), 3.0);
    vec3 light = max(dot(n, KEY), 0.0) * vLit.y * KEY_COLOUR + max(dot(n, FILL), 0.0) * FILL_COLOUR * vLit.x
        + (max(dot(n, RIM_RIGHT), 0.0) + 0.6 * max(dot(n, RIM_LEFT), 0.0)) * RIM_COLOUR * 0.6 + sky(n) * vLit.x;
    gl_FragColor = vec4(albedo * light * 0.56 + edge * sky(n) * 0.05 * vLit.x, 1.0);
${END}`;

/**
 * @param {string} part the mesh's name
 * @param {{map: import("three").Texture, pores: ?import("three").Texture, shared: object, front: number,
 *   multisampled: boolean}} given `shared`: uniforms of all materials (head, breath); `front`: where the teeth begin (z)
 * @returns {ShaderMaterial}
 */
export function material(part, { map, pores, shared, front, multisampled }) {
    const kinds = {
        skin: { fragmentShader: SKIN },
        eyes: { fragmentShader: EYE },
        cornea: { fragmentShader: CORNEA, transparent: true, depthWrite: false, blending: AdditiveBlending },
        teeth: { fragmentShader: MOUTH, defines: { FRONT: (front - 0.004).toFixed(4), DEEP: (front - 0.05).toFixed(4) } },
        tongue: { fragmentShader: MOUTH, defines: { FRONT: (front + 0.002).toFixed(4), DEEP: (front - 0.055).toFixed(4) } },
        hair: {
            fragmentShader: HAIR,
            side: DoubleSide,
            alphaToCoverage: multisampled,
            defines: multisampled ? { CUT: "0.06", ALPHA: "smoothstep(0.1, 0.75, strand.a)" } : { CUT: "0.35", ALPHA: "1.0" },
        },
        brows: { fragmentShader: HAIRS, side: DoubleSide, transparent: true, depthWrite: false, polygonOffset: true, polygonOffsetFactor: -1 },
        lashes: { fragmentShader: HAIRS, side: DoubleSide, transparent: true, depthWrite: false },
        cloth: { fragmentShader: CLOTH, side: DoubleSide },
    };
    return new ShaderMaterial({
        side: FrontSide,
        ...kinds[part],
        vertexShader: VERTEX,
        uniforms: { map: { value: map }, pores: { value: pores }, ...shared },
    });
}
