/**
 * The persona's face on a canvas.
 *
 *     const face = await createFace(canvas, { assetUrl: "…/personas/ruth.glb", source: new FaceStream() });
 *
 * The page's import map gives `three`. Without WebGL 2, or when the asset can't be had, the promise still resolves: to
 * a face that is a still picture (`assetUrl` with .webp for .glb).
 */

import {
    BufferAttribute,
    BufferGeometry,
    ClampToEdgeWrapping,
    Euler,
    LinearMipmapLinearFilter,
    LinearMipmapNearestFilter,
    Matrix4,
    Mesh,
    NeutralToneMapping,
    NoColorSpace,
    PerspectiveCamera,
    RepeatWrapping,
    Scene,
    SRGBColorSpace,
    Texture,
    Vector3,
    WebGLRenderer,
} from "three";

import { measureDrawing } from "./gl.js";
import { readGlb } from "./glb.js";
import { folding, material } from "./materials.js";
import { Morph } from "./morph.js";

const LOAD_TIMEOUT_MS = 30000;
const SLOW_FRAME_MS = 33;
const QUICK_FRAME_MS = 19;
const LEAN_SLOW_FRAME_MS = 80;
const LEAN_INTERVAL_MS = 58; // where the CPU draws, it has other things to do as well: about 17 frames a second
const LEAN_SCALE = 0.8; // and fewer pixels from the start
const REFRESH_MS = 1000 / 60; // after which a picture is on the screen
const SCALES = [2, 1.5, 1.25, 1, 0.8, 0.65, 0.5];
// What parts the lips; without it there is nothing to be seen behind them.
const OPENING = ["jawOpen", "mouthFunnel", "mouthUpperUpLeft", "mouthUpperUpRight", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthStretchLeft", "mouthStretchRight", "mouthShrugUpper", "tongueOut"];
const BREATH_RISE = 0.0012; // metres that the head rises by with a full breath: RISE in behaviour/breath.py
const DRAW_ORDER = ["hair", "cloth", "skin", "eyes", "teeth", "tongue", "brows", "lashes", "cornea"]; // what covers most first

/**
 * @param {HTMLCanvasElement} canvas fills its container; transparent where the persona is not
 * @param {object} options
 * @param {string} options.assetUrl the head, a .glb
 * @param {() => void} [options.onFirstFrame] called once something better than the still picture is to be seen
 * @param {{at(now: number): object}} options.source what the face shows at a time: `shown` in stream.js
 * @param {boolean} [options.fine] every pixel lit even where the CPU has to draw; for still pictures
 */
export async function createFace(canvas, { assetUrl, source, onFirstFrame = () => {}, fine = false }) {
    const still = new Poster(canvas, assetUrl);
    let told = false;
    const onDrawn = () => {
        still.hide();
        if (!told) onFirstFrame();
        told = true;
    };
    let face;
    try {
        face = new Face(canvas, await load(assetUrl, fine), { source, onDrawn, onLost: () => still.show() });
    } catch (problem) {
        console.warn("The persona is shown as a still picture:", problem.message);
        return new StillFace(still);
    }
    face.onDispose = () => still.remove();
    return face;
}

/** The picture that stands in for the face while it loads, and where it can't be drawn. */
class Poster {
    constructor(canvas, assetUrl) {
        this.canvas = canvas;
        this.image = document.createElement("img");
        this.image.className = "face-poster";
        this.image.alt = "";
        this.image.addEventListener("error", () => this.remove());
        this.image.src = assetUrl.replace(/\.glb(?=$|\?)/, ".webp");
        canvas.before(this.image);
    }

    show() {
        this.image.hidden = false;
    }

    hide() {
        this.image.hidden = true;
    }

    remove() {
        this.image.remove();
    }
}

class StillFace {
    constructor(poster) {
        this.poster = poster;
        this.still = true;
    }

    dispose() {
        this.poster.remove();
    }
}

async function load(assetUrl, fine) {
    const drawing = measureDrawing();
    if (drawing === "none") throw new Error("this browser offers no WebGL 2");
    const answer = await fetch(assetUrl, { signal: AbortSignal.timeout(LOAD_TIMEOUT_MS) });
    if (!answer.ok) throw new Error(`the head could not be loaded (${answer.status})`);
    const asset = readGlb(await answer.arrayBuffer());
    const pictures = await Promise.all(
        asset.images.map(({ bytes, mime }) => createImageBitmap(new Blob([bytes], { type: mime }), { premultiplyAlpha: "none", colorSpaceConversion: "none" })),
    );
    return { ...asset, pictures, lean: drawing === "software" && !fine };
}

class Face {
    still = false;
    adapts = true; // gives up pixels where frames come late
    frames = 0; // drawn so far
    frameMs = 0; // smoothed time between frames
    lidsShut = 0; // 0..1
    #scene = new Scene();
    #camera = new PerspectiveCamera(17, 1, 0.2, 5);
    #morphs = [];
    #euler = new Euler(0, 0, 0, "YXZ");
    #turn = new Matrix4();
    #back = new Matrix4();
    #scale = 1;
    #slow = 0;
    #quick = 0;
    #settled = 0;
    #frame = null;
    #last = null;
    #drawn = false;
    #visible = true;
    #mouth = [];
    #disposables = [];

    constructor(canvas, asset, { source, onDrawn, onLost }) {
        this.canvas = canvas;
        this.onDrawn = onDrawn;
        this.source = source;
        this.lean = asset.lean;
        this.renderer = new WebGLRenderer({ canvas, alpha: true, antialias: !this.lean, powerPreference: "low-power" });
        this.renderer.toneMapping = NeutralToneMapping;
        this.renderer.toneMappingExposure = 1;
        this.renderer.setClearAlpha(0);
        this.ceiling = Math.min(globalThis.devicePixelRatio || 1, asset.lean ? LEAN_SCALE : 2);
        this.#scale = this.ceiling;
        this.pivot = new Vector3(...asset.extras.pivot);
        this.folding = folding(asset.extras.folds);
        this.shared = { head: { value: new Matrix4() }, breath: { value: 0 }, ...this.folding.uniforms };
        this.#build(asset);

        this.watchSize = new ResizeObserver(() => this.#resize());
        this.watchSize.observe(canvas.parentElement ?? canvas);
        this.watchSight = new IntersectionObserver(([entry]) => {
            this.#visible = entry.isIntersecting;
            this.#wake();
        });
        this.watchSight.observe(canvas);
        this.lost = (event) => {
            event.preventDefault();
            this.#sleep();
            onLost();
        };
        this.restored = () => {
            this.#drawn = false;
            this.#wake();
        };
        this.woken = () => this.#wake();
        canvas.addEventListener("webglcontextlost", this.lost);
        canvas.addEventListener("webglcontextrestored", this.restored);
        document.addEventListener("visibilitychange", this.woken);
        this.#resize();
        this.#wake();
    }

    dispose() {
        this.#sleep();
        this.watchSize.disconnect();
        this.watchSight.disconnect();
        document.removeEventListener("visibilitychange", this.woken);
        this.canvas.removeEventListener("webglcontextlost", this.lost);
        this.canvas.removeEventListener("webglcontextrestored", this.restored);
        for (const thing of this.#disposables) thing.dispose();
        this.renderer.dispose();
        this.onDispose?.();
    }

    #build({ meshes, pictures }) {
        const textures = new Map();
        const textureOf = (i, linear) => {
            if (i === null) return null;
            if (!textures.has(i)) {
                const texture = new Texture(pictures[i]);
                texture.flipY = false;
                texture.colorSpace = linear ? NoColorSpace : SRGBColorSpace;
                texture.minFilter = this.lean ? LinearMipmapNearestFilter : LinearMipmapLinearFilter;
                texture.anisotropy = this.lean ? 1 : 4;
                texture.wrapS = texture.wrapT = linear ? RepeatWrapping : ClampToEdgeWrapping; // only the pores are a tile
                texture.needsUpdate = true;
                textures.set(i, texture);
                this.#disposables.push(texture);
            }
            return textures.get(i);
        };
        const teeth = meshes.find((mesh) => mesh.name === "teeth");
        let front = -Infinity;
        for (let i = 2; i < teeth.position.length; i += 3) front = Math.max(front, teeth.position[i]);
        for (const mesh of meshes) {
            const morph = new Morph(mesh);
            const geometry = new BufferGeometry();
            const position = new BufferAttribute(morph.position, 3);
            const normal = new BufferAttribute(morph.normal, 3);
            geometry.setAttribute("position", position);
            geometry.setAttribute("normal", normal);
            geometry.setAttribute("uv", new BufferAttribute(mesh.uv, 2));
            geometry.setAttribute("colour", new BufferAttribute(mesh.colour, 4));
            if (mesh.along) geometry.setAttribute("along", new BufferAttribute(mesh.along, 4));
            geometry.setIndex(new BufferAttribute(this.lean ? mesh.coarse : mesh.index, 1));
            const look = material(mesh.name, {
                map: textureOf(mesh.map, false),
                pores: textureOf(mesh.normalMap, true),
                folds: textureOf(mesh.foldMap, true),
                shared: this.shared,
                front,
                lean: this.lean,
            });
            const object = new Mesh(geometry, look);
            object.frustumCulled = false;
            object.matrixAutoUpdate = false;
            object.renderOrder = DRAW_ORDER.indexOf(mesh.name);
            this.#scene.add(object);
            if (mesh.name === "teeth" || mesh.name === "tongue") this.#mouth.push(object);
            if (mesh.targets.length) this.#morphs.push({ morph, position, normal });
            this.#disposables.push(geometry, look);
        }
    }

    #resize() {
        const box = (this.canvas.parentElement ?? this.canvas).getBoundingClientRect();
        const width = Math.max(Math.round(box.width), 1);
        const height = Math.max(Math.round(box.height), 1);
        this.renderer.setPixelRatio(this.#scale);
        this.renderer.setSize(width, height, false);
        const aspect = width / height;
        // Head and shoulders: 0.40 m high; a narrow stage must still hold 0.27 m across.
        const high = Math.max(0.4, 0.27 / aspect);
        this.#camera.aspect = aspect;
        this.#camera.position.set(0, -0.005, 1.5);
        this.#camera.fov = (2 * Math.atan(high / 2 / (1.5 - 0.06)) * 180) / Math.PI;
        this.#camera.lookAt(0, -0.045 + (high - 0.4) / 2, 0); // the bust ends below -0.245: more height shows more above
        this.#camera.updateProjectionMatrix();
        if (this.#frame !== null) this.#draw(performance.now());
    }

    #wake() {
        this.#sleep();
        if (document.hidden || !this.#visible) return;
        const tick = (now) => {
            this.#frame = requestAnimationFrame(tick);
            if (this.lean && this.#last !== null && now - this.#last < LEAN_INTERVAL_MS - 8) return;
            this.#pace(now);
            this.#draw(now);
        };
        this.#frame = requestAnimationFrame(tick);
    }

    #sleep() {
        if (this.#frame !== null) cancelAnimationFrame(this.#frame);
        this.#frame = null;
        this.#last = null;
    }

    /** Fewer pixels where frames come late, more again where they have long come easily. */
    #pace(now) {
        const passed = this.#last === null ? null : now - this.#last;
        this.#last = now;
        if (passed === null || passed > 500) return;
        this.frameMs = this.frameMs ? this.frameMs * 0.93 + passed * 0.07 : passed;
        if (now < this.#settled || !this.adapts) return;
        this.#slow = this.frameMs > (this.lean ? LEAN_SLOW_FRAME_MS : SLOW_FRAME_MS) ? this.#slow + passed : 0;
        this.#quick = this.frameMs < (this.lean ? LEAN_INTERVAL_MS + 6 : QUICK_FRAME_MS) ? this.#quick + passed : 0;
        const lower = SCALES.find((scale) => scale < this.#scale);
        const higher = SCALES.findLast((scale) => scale > this.#scale && scale <= this.ceiling);
        if (this.#slow > 900 && lower) this.#rescale(lower, now);
        else if (this.#quick > 8000 && higher) this.#rescale(higher, now);
    }

    #rescale(scale, now) {
        if (scale < this.#scale && this.raised) this.ceiling = scale; // it was too much before: stay
        this.raised = scale > this.#scale;
        this.#scale = scale;
        this.#slow = this.#quick = 0;
        this.#settled = now + 1500;
        this.#resize();
    }

    #draw(now) {
        // What is drawn now stands from the display's next refresh until the next picture: it shows the middle of that.
        const { coefficients, turn, shift } = this.source.at(now + REFRESH_MS + this.frameMs / 2);
        for (const { morph, position, normal } of this.#morphs) {
            if (morph.apply(coefficients)) position.needsUpdate = normal.needsUpdate = true;
        }
        this.folding.apply(coefficients);
        const radians = Math.PI / 180;
        this.#euler.set(turn.pitch * radians, turn.yaw * radians, -turn.roll * radians);
        this.#turn.makeRotationFromEuler(this.#euler);
        this.#turn.setPosition(this.pivot.x + shift.x, this.pivot.y + shift.y, this.pivot.z + shift.z);
        this.#back.makeTranslation(-this.pivot.x, -this.pivot.y, -this.pivot.z);
        this.shared.head.value.multiplyMatrices(this.#turn, this.#back);
        this.shared.breath.value = shift.y / BREATH_RISE;
        const open = OPENING.reduce((sum, name) => sum + (coefficients[name] ?? 0), 0) > 0.02;
        for (const part of this.#mouth) part.visible = open;
        this.lidsShut = coefficients.eyeBlinkLeft;
        this.renderer.render(this.#scene, this.#camera);
        this.frames++;
        if (!this.#drawn) {
            this.#drawn = true;
            this.onDrawn();
        }
    }
}
