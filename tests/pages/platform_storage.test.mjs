import assert from "node:assert/strict";
import { test } from "node:test";

import { PlatformStorage, Unavailable } from "../../static/js/lti/platform-storage.js";

const LMS = "https://lms.example.edu";

/** The tool's page in a frame of the LMS's, whose storage frame begins to listen after `deaf` milliseconds. */
function page({ deaf = 0, added = 0 } = {}) {
  const began = Date.now();
  const listeners = new Set();
  const values = new Map();
  const answer = (source, data) => setTimeout(() => listeners.forEach((take) => take({ data, source, origin: LMS })));
  const keeper = {
    postMessage({ subject, message_id, key, value }) {
      if (Date.now() - began < deaf) return;
      if (subject === "lti.put_data") values.set(key, value);
      answer(keeper, { subject: `${subject}.response`, message_id, key, value: values.get(key) ?? null });
    },
  };
  const parent = {
    postMessage() {},
    frames: new Proxy({}, { get: (_, name) => (name === "keeper" && Date.now() - began >= added ? keeper : undefined) }),
  };
  return {
    parent,
    addEventListener: (_, take) => listeners.add(take),
    removeEventListener: (_, take) => listeners.delete(take),
  };
}

const storage = (around) => new PlatformStorage({ target: "keeper", origin: LMS, page: around });

test("what the LMS keeps comes back", async () => {
  const around = page();
  await storage(around).put("a", "secret");
  assert.equal(await storage(around).get("a"), "secret");
});

test("a storage that does not listen yet is asked again", async () => {
  const around = page({ deaf: 2000 });
  await storage(around).put("a", "secret");
  assert.equal(await storage(around).get("a"), "secret");
});

test("a frame that the LMS adds after ours is waited for", async () => {
  const around = page({ added: 1800 });
  await storage(around).put("a", "secret");
});

test("a storage that never answers is unavailable after a few seconds", async () => {
  const around = page({ deaf: Infinity });
  await assert.rejects(storage(around).put("a", "secret"), Unavailable);
});
