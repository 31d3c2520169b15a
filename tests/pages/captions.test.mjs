import assert from "node:assert/strict";
import { test } from "node:test";

import { Captions } from "../../static/js/conversation/captions.js";

/** As much of an element as a caption needs; `put` holds the words of every sentence that was put into it, in order. */
function element() {
  const classes = new Set();
  return {
    children: [],
    dataset: {},
    put: [],
    parent: null,
    scrollTop: 0,
    scrollHeight: 0,
    textContent: "",
    classList: {
      toggle: (name, on) => (on ? classes.add(name) : classes.delete(name)),
      contains: (name) => classes.has(name),
    },
    append(child) {
      child.parent = this;
      this.children.push(child);
      this.put.push(child.textContent.trim());
    },
    remove() {
      this.parent.children = this.parent.children.filter((child) => child !== this);
    },
  };
}

globalThis.document = { createElement: element };

function page() {
  const persona = element();
  const captions = new Captions({ persona, learner: element(), learnerWords: element() });
  return {
    persona,
    captions,
    say: (text) => captions.progress({ speaker: "persona", text }),
    end: (text) => captions.finished({ speaker: "persona", text }),
    shown: () => persona.children.map((child) => child.textContent.trim()),
    now: () => persona.children.filter((child) => child.classList.contains("now")).map((child) => child.textContent.trim()),
  };
}

test("a turn that comes without captions stands under the face", () => {
  const { say, end, shown, now } = page();
  end("Hi, I am Ruth. When do you stop?");
  assert.deepEqual(shown(), ["Hi, I am Ruth. When do you stop?"]);
  say("And if somebody is hurt?");
  end("And if somebody is hurt?");
  assert.deepEqual(shown(), ["And if somebody is hurt?"]);
  end("Go on.");
  assert.deepEqual(shown(), ["Go on."], "a short one after a long one, too");
  assert.deepEqual(now(), []);
});

test("no sentence is put there twice", () => {
  const { persona, captions, say, end, shown, now } = page();
  say("Good.");
  say("Good.");
  say("And then?");
  assert.deepEqual([shown(), now()], [["Good.", "And then?"], ["And then?"]]);
  say("Whom do you ask?");
  captions.learnerSpeaks();
  end("Good. And then? Whom do you ask?");
  assert.deepEqual(shown(), ["And then?", "Whom do you ask?"]);
  assert.deepEqual(persona.put, ["Good.", "And then?", "Whom do you ask?"]);
});

test("a sentence that comes again later in the turn stands last and is the one that is being said", () => {
  const { say, shown, now } = page();
  for (const text of ["Good.", "And then?", "Good."]) say(text);
  assert.deepEqual([shown(), now()], [["And then?", "Good."], ["Good."]]);
});

test("a question that is asked again in the next turn is put there again", () => {
  const { persona, end } = page();
  end("When do you stop?");
  end("When do you stop?");
  assert.deepEqual(persona.put, ["When do you stop?", "When do you stop?"]);
});

test("of a turn that only its last words came of, the whole stands there", () => {
  const { say, end, shown } = page();
  say("Right?");
  end("Above ten thousand dollars it comes to me. Right?");
  assert.deepEqual(shown(), ["Above ten thousand dollars it comes to me. Right?"]);
});
