import assert from "node:assert/strict";
import test from "node:test";

import { offerPicture, words } from "../../static/js/lobby/picture.js";

test("what draws the face here is said in words", () => {
  assert.match(words("hardware", false), /^Drawn by this browser, with .* graphics card\.$/);
  assert.match(words("software", false), /less smoothly/);
  assert.match(words("none", false), /picture, and captions/);
});

test("video is only promised where a worker sends it, and what comes else is said", () => {
  assert.match(words("software", true), /^Sent as video where .* can\. Else: drawn by this browser without/);
});

/** The field in a browser without a graphics card that keeps `store`, or (null) nothing for this page. */
function field(store) {
  const closed = () => {
    throw new Error("closed");
  };
  const given = {
    document: { createElement: () => ({ getContext: () => null }) },
    navigator: { connection: { downlink: 10 } },
    matchMedia: () => ({ matches: false }),
    localStorage: store ? { getItem: (key) => store[key] ?? null, setItem: (key, value) => (store[key] = value) } : { getItem: closed, setItem: closed },
  };
  for (const [name, value] of Object.entries(given)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  const select = { addEventListener: (_, handle) => (select.change = handle) };
  const line = {};
  offerPicture(select, line, "software");
  return { select, line };
}

test("a choice is kept for the conversation's page, and the line goes with it", () => {
  const store = {};
  const { select, line } = field(store);
  assert.equal(select.hidden, false);
  assert.match(line.textContent, /^Sent as video/);
  select.value = "drawn";
  select.change();
  assert.match(line.textContent, /^Drawn by this browser/);
  assert.equal(JSON.parse(store["coachtool.devices"]).picture, "drawn");
});

test("where nothing can be kept no choice is offered, and it is said what comes", () => {
  const { select, line } = field(null);
  assert.equal(select.hidden, true);
  assert.match(line.textContent, /^Sent as video/);
});
