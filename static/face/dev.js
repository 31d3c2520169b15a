/**
 * Shows one face to those who work on it. In the address: `face` (ruth), `state`, `wide` (fills the window), `bare` (no
 * backdrop), `sharp` (no fewer pixels where frames come late), `calm`, `fine`; `frames`, a recording to show over and
 * over (realtime/rendering/recordings.py); `at`, ms of it, held; and `pose=jawOpen:0.6,mouthSmileLeft:1`, held.
 */

import { createFace } from "./face.js";
import { FaceStream, Loop, shown } from "./stream.js";

const asked = new URLSearchParams(location.search);
for (const name of ["wide", "bare"]) document.body.classList.toggle(name, asked.has(name));

const stream = new FaceStream({ calm: asked.has("calm") });
const face = await createFace(document.getElementById("face"), {
    assetUrl: `../personas/${asked.get("face") ?? "ruth"}.glb`,
    source: await source(),
    fine: asked.has("fine"),
    onFirstFrame: () => (document.body.dataset.shown = "yes"),
});
if (asked.has("sharp")) face.adapts = false;
setInterval(() => (document.body.dataset.eyes = face.lidsShut < 0.02 ? "open" : "shut"), 30);

const controls = document.getElementById("controls");
for (const state of ["listening", "thinking"]) {
    const element = Object.assign(document.createElement("button"), { type: "button", textContent: state });
    element.addEventListener("click", () => (stream.state = state));
    controls.append(element);
}
setInterval(() => {
    document.getElementById("rate").textContent = `${face.frameMs?.toFixed(1)} ms a frame`;
    document.body.dataset.frames = face.frames;
    document.body.dataset.frameMs = face.frameMs?.toFixed(1);
    document.body.dataset.pixels = `${document.getElementById("face").width}x${document.getElementById("face").height}`;
}, 500);

/** What the address asks for. */
async function source() {
    if (asked.has("pose")) return { at: () => held(asked.get("pose")) };
    if (asked.has("frames")) {
        const loop = new Loop(await (await fetch(asked.get("frames"))).arrayBuffer());
        const began = performance.now();
        return { at: (now) => shown(loop.at(asked.has("at") ? Number(asked.get("at")) : now - began)) };
    }
    stream.state = asked.get("state") ?? "listening";
    return stream.load("idle");
}

function held(pose) {
    const coefficients = Object.fromEntries(pose.split(",").map((pair) => pair.split(":")).map(([name, value]) => [name, Number(value)]));
    return { coefficients: { eyeBlinkLeft: 0, ...coefficients }, turn: { pitch: 0, yaw: 0, roll: 0 }, shift: { x: 0, y: 0, z: 0 } };
}
