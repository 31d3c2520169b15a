/**
 * Shows one face to those who work on it. In the address: `face` (ruth), `state`, `mood`, `wide` (fills the window),
 * `bare` (no backdrop), `sharp` (no fewer pixels where frames come late), `calm`, `fine`,
 * and `pose=jawOpen:0.6,mouthSmileLeft:1`, held as if spoken.
 */

import { createFace } from "./face.js";
import { MOODS } from "./behaviour.js";

const asked = new URLSearchParams(location.search);
for (const name of ["wide", "bare"]) document.body.classList.toggle(name, asked.has(name));

const face = await createFace(document.getElementById("face"), {
    assetUrl: `../personas/${asked.get("face") ?? "ruth"}.glb`,
    fine: asked.has("fine"),
    reducedMotion: asked.has("calm") || undefined,
    onFirstFrame: () => (document.body.dataset.shown = "yes"),
});
if (asked.has("state")) face.setState(asked.get("state"));
if (asked.has("mood")) face.setMood(asked.get("mood"));
if (asked.has("pose")) {
    const pose = asked.get("pose").split(",").map((pair) => pair.split(":"));
    const values = pose.map(([, value]) => Number(value));
    face.lips({ names: pose.map(([name]) => name), times: [0, 3.6e6], values: [values, values] }, performance.now() - 10);
}

if (asked.has("sharp")) face.adapts = false;
setInterval(() => (document.body.dataset.eyes = face.lidsShut < 0.02 ? "open" : "shut"), 30);

const controls = document.getElementById("controls");
const button = (label, press) => {
    const element = Object.assign(document.createElement("button"), { type: "button", textContent: label });
    element.addEventListener("click", press);
    controls.append(element);
};
for (const state of ["listening", "hearing", "thinking", "speaking"]) button(state, () => face.setState(state));
for (const mood of Object.keys(MOODS)) button(mood, () => face.setMood(mood));
button("babble", () => {
    face.setState("speaking");
    face.lips(babble(), performance.now() + 100);
});
button("hush", () => face.hush(performance.now()));
setInterval(() => {
    document.getElementById("rate").textContent = `${face.frameMs?.toFixed(1)} ms a frame`;
    document.body.dataset.frames = face.frames;
    document.body.dataset.frameMs = face.frameMs?.toFixed(1);
    document.body.dataset.pixels = `${document.getElementById("face").width}x${document.getElementById("face").height}`;
}, 500);
if (asked.has("babble")) {
    face.setState("speaking");
    setInterval(() => face.lips(babble(), performance.now() + 50), 4200);
    face.lips(babble(), performance.now() + 50);
}

/** Four seconds of syllables without a meaning. */
function babble() {
    const names = ["jawOpen", "mouthFunnel", "mouthStretchLeft", "mouthStretchRight", "mouthClose", "mouthPressLeft", "mouthPressRight"];
    const shapes = [
        [0.45, 0, 0.1, 0.1, 0, 0, 0],
        [0.02, 0, 0, 0, 0.02, 0.4, 0.4],
        [0.25, 0.5, 0, 0, 0, 0, 0],
        [0.12, 0, 0.4, 0.4, 0, 0, 0],
    ];
    const times = [];
    const values = [];
    for (let t = 0; t <= 4000; t += 130) {
        times.push(t);
        values.push(t === 0 || t >= 3900 ? names.map(() => 0) : shapes[Math.floor(Math.random() * shapes.length)]);
    }
    return { names, times, values };
}
