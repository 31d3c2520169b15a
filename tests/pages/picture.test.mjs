import assert from "node:assert/strict";
import test from "node:test";

import { words } from "../../static/js/lobby/picture.js";

test("what draws the face here is said in words", () => {
  assert.match(words("hardware", false), /^Drawn by this browser, with .* graphics card\.$/);
  assert.match(words("software", false), /less smoothly/);
  assert.match(words("none", false), /picture, and captions/);
});

test("video is only promised where a worker sends it, and what comes else is said", () => {
  assert.match(words("software", true), /^Sent as video where .* can\. Else: drawn by this browser without/);
});
