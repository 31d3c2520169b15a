/**
 * The face as it is told to be, for pictures of it (realtime/rendering/mirror.py): `face` in the address names the
 * persona, and `picture({ coefficients, turn, shift })` is a PNG of it. It draws when it is asked to and not before.
 */

const due = [];
globalThis.requestAnimationFrame = (draw) => due.push(draw);
globalThis.cancelAnimationFrame = () => (due.length = 0);

const { createFace } = await import("./face.js");

const REST = { coefficients: {}, turn: { pitch: 0, yaw: 0, roll: 0 }, shift: { x: 0, y: 0, z: 0 } };
const canvas = document.getElementById("face");
let shown = REST;

const face = await createFace(canvas, {
    assetUrl: `../personas/${new URLSearchParams(location.search).get("face") ?? "ruth"}.glb`,
    source: { at: () => shown },
    fine: true,
});
face.adapts = false;

globalThis.picture = (wanted) => {
    shown = { ...REST, ...wanted };
    for (const draw of due.splice(0)) draw(performance.now());
    return canvas.toDataURL("image/png");
};
document.body.dataset.shown = face.still ? "still" : "yes";
