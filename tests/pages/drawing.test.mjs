import assert from "node:assert/strict";
import { test } from "node:test";

import { wantsVideo } from "../../static/js/drawing.js";

/** A browser that draws with `renderer` (null: no WebGL 2), over a network of `downlink` Mbit/s. */
function browser({ renderer, downlink = 10, saveData = false, calm = false, kept = {} }) {
    const gl = { UNMASKED: 1, getExtension: (name) => (name === "WEBGL_debug_renderer_info" ? { UNMASKED_RENDERER_WEBGL: 1 } : null), getParameter: () => renderer };
    const store = { "coachtool.devices": JSON.stringify(kept) };
    const given = {
        document: { createElement: () => ({ getContext: () => renderer && gl }) },
        navigator: { connection: { downlink, saveData } },
        matchMedia: () => ({ matches: calm }),
        localStorage: { getItem: (key) => store[key] ?? null, setItem: (key, value) => (store[key] = value) },
    };
    for (const [name, value] of Object.entries(given)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}
const wanted = (given) => {
    browser(given);
    return wantsVideo();
};

test("a browser with a graphics card draws the face itself", () => {
    assert.equal(wanted({ renderer: "ANGLE (Intel, Iris Xe)" }), false);
});

test("video is wanted where a processor would have to draw, or nothing could", () => {
    assert.equal(wanted({ renderer: "ANGLE (Google, SwiftShader Device)" }), true);
    assert.equal(wanted({ renderer: null }), true);
});

test("a slow or a metered network, and reduced motion, keep the face drawn here", () => {
    for (const given of [{ downlink: 0.8 }, { saveData: true }, { calm: true }]) {
        assert.equal(wanted({ renderer: null, ...given }), false);
    }
});

test("what the learner chose before counts more than what was measured", () => {
    assert.equal(wanted({ renderer: null, kept: { picture: "drawn" } }), false);
    assert.equal(wanted({ renderer: "ANGLE (Intel, Iris Xe)", kept: { picture: "video" } }), true);
});
