import assert from "node:assert/strict";
import test from "node:test";

import { words } from "../../static/js/lobby/places.js";

test("a free voice is said to be free", () => {
  assert.equal(words({ places: 2, free: true, waiting: 0, minutes: 0 }), "A voice is free: you can begin at once.");
});

test("nothing is said while nothing is known", () => {
  assert.equal(words({}), "");
});

test("who waits and how long it takes is said where it is known", () => {
  const taken = { places: 2, free: false };
  assert.equal(
    words({ ...taken, waiting: 2, minutes: 4 }),
    "All voices are taken. 2 people wait for one. A place should be free in about 4 minutes. In writing you can begin at once.",
  );
  assert.match(words({ ...taken, waiting: 1, minutes: 1 }), /One person waits for one\. .* about 1 minute\. /);
  assert.equal(words({ ...taken, waiting: 0 }), "All voices are taken. In writing you can begin at once.");
});

test("a service without a worker says so", () => {
  assert.match(words({ places: 0, free: false, waiting: 3 }), /^No voice can be reached at the moment\. In writing/);
});
