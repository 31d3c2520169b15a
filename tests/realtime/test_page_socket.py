"""The conversation page's socket, in Node.js, against a connection that only remembers what was sent."""

import asyncio
import json
import subprocess
from pathlib import Path

import pytest

from tests.node import node
from tests.realtime.test_conversation import Stage

ROOT = Path(__file__).parents[2]
PAGE = """
globalThis.window = new EventTarget();
globalThis.location = { protocol: "https:", host: "here" };
const sent = [];
let connection;
globalThis.WebSocket = class extends EventTarget {
  static OPEN = 1;
  readyState = 1;
  constructor() { super(); connection = this; }
  send(text) { sent.push(JSON.parse(text)); }
  close() {}
};
const { Socket } = await import("./static/js/conversation/socket.js");
const socket = new Socket("/ws", "voice");
socket.open();
connection.dispatchEvent(new Event("open"));
socket.reopen("text");
connection.dispatchEvent(new Event("open"));
socket.say("I would call her");
socket.finish();
sent.length = 0;
for (const message of [{ type: "state" }, { type: "state", anew: true }, { type: "state" }])
  connection.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(message) }));
console.log(JSON.stringify(sent));
"""


def greeting():
    """What a page says to a new process: it went over to writing, has typed, and wants to end."""
    command = [*node(), "--input-type=module", "--eval", PAGE]
    return json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=60).stdout)


def test_a_page_greets_a_new_process_with_all_that_the_one_before_had_not_confirmed():
    hello, say, finish = greeting()
    assert hello == {"type": "hello", "after": 0, "modality": "text"}
    assert say["text"] == "I would call her" and finish == {"type": "finish"}


@pytest.mark.looptime
async def test_a_conversation_in_writing_goes_on_in_writing_in_a_new_process():
    stage = Stage()
    stage.world.connected = False  # the page hung up as it went over to writing
    hello, say, _ = greeting()
    publish = stage.world.publish

    async def page(message, to=None):
        await publish(message, to)
        if message.get("anew"):
            for said in (hello, say):
                stage.conversation.post("browser", said)

    stage.world.publish = page
    async with stage:
        await asyncio.sleep(1)
        stage.hear("ready", models={})
        await asyncio.sleep(1)
        assert stage.world.said("learner") == ["I would call her"]
        assert stage.world.spoken() == [] and stage.world.said("persona")[-1] == "You said I would call her."
