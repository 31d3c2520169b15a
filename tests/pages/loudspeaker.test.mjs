import assert from "node:assert/strict";
import { test } from "node:test";

import { Loudspeaker } from "../../static/js/conversation/loudspeaker.js";

/** An AudioContext as far as a loudspeaker needs one. */
function sounding({ outputLatency, state = "running" }) {
  const calls = [];
  globalThis.AudioContext = class {
    outputLatency = outputLatency;
    state = state;
    resume = async () => calls.push("resume");
    close = async () => calls.push("close");
    setSinkId = async (id) => calls.push(id);
  };
  return calls;
}

test("the latency is told in ms, and is 0 where the browser does not know it", () => {
  sounding({ outputLatency: 0.18 });
  assert.equal(new Loudspeaker().latency, 180);
  sounding({ outputLatency: undefined });
  assert.equal(new Loudspeaker().latency, 0);
  sounding({ outputLatency: 60 });
  assert.equal(new Loudspeaker().latency, 1000);
});

test("it is the loudspeaker that was chosen, and a context that sleeps is woken", () => {
  globalThis.localStorage = { getItem: () => JSON.stringify({ speaker: "headphones" }) };
  const calls = sounding({ outputLatency: 0, state: "suspended" });
  const loudspeaker = new Loudspeaker();
  assert.equal(loudspeaker.latency, 0);
  loudspeaker.close();
  assert.deepEqual(calls, ["headphones", "resume", "close"]);
  delete globalThis.localStorage;
});
