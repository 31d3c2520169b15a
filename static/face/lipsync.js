/**
 * A call as the conversation's page makes it, with the same modules, and what comes of it: when the voice is heard, when
 * each pose is drawn, when each picture of the video is seen. For realtime/lipsync/page.py, which answers `signal(message)`
 * with the messages for this page. In the address: `face` (ruth) and `picture`, drawn or video.
 *
 * Times are ms on performance.now()'s clock.
 */

import { openFace, openStream } from "../js/conversation/face.js";
import { Film } from "../js/conversation/film.js";
import { Loudspeaker } from "../js/conversation/loudspeaker.js";
import { Peer } from "../js/conversation/peer.js";
import { heardAt } from "../js/conversation/playout.js";
import { openMicrophone, remember } from "../js/devices.js";

const ASK_MS = 200;
const LOUDNESSES = 10; // of each block of sound
const MOUTH = { x: 0.45, y: 0.49, width: 0.11, height: 0.16 }; // where it is on the stage
const GRID = [16, 16]; // px, of what is kept of it

const asked = new URLSearchParams(location.search);
const filmed = asked.get("picture") === "video";
remember({ picture: filmed ? "video" : "drawn" });

const blocks = [];
const poses = [];
const ticks = [];
const pictures = [];

const $ = (id) => document.getElementById(id);
const take = {
    answer(message) {
        peer.answer(message);
        if (!filmed) clearInterval(asking);
    },
    picture({ video }) {
        film.offered(video);
        if (video) clearInterval(asking);
    },
};

async function send(message) {
    for (const answer of await globalThis.signal(message)) await take[answer.type]?.(answer);
}

const loudspeaker = new Loudspeaker();
const film = new Film(send);
const peer = new Peer({ send, iceServers: [], audio: $("voice"), stream: await openMicrophone(), film: true });
const frames = openStream((rtp) => heardAt(peer.receiver, rtp, loudspeaker.latency));
peer.addEventListener("connected", () => {
    frames.reset();
    hear(peer.receiver.track);
});
peer.addEventListener("film", ({ detail }) => film.play(detail));
peer.addEventListener("face", ({ detail }) => frames.take(detail));

const source = {
    at(now) {
        const pose = frames.at(now);
        poses.push([performance.now(), pose.coefficients.jawOpen]);
        return pose;
    },
};
if (!filmed) await openFace($("face-canvas"), { face: asked.get("face") ?? "ruth", source, onShown: () => $("face").classList.add("drawn") });
requestAnimationFrame(function tick(now) {
    ticks.push(now);
    requestAnimationFrame(tick);
});
if (filmed) see($("film"));
peer.offer();
const asking = setInterval(() => send({ type: "hello" }), ASK_MS);

/** Each block of the voice as the element plays it: when it was taken from the jitter buffer, and how loud it is. */
async function hear(track) {
    const reader = new MediaStreamTrackProcessor({ track, maxBufferSize: 200 }).readable.getReader();
    for (let { value, done } = await reader.read(); !done; { value, done } = await reader.read()) {
        const samples = new Float32Array(value.numberOfFrames);
        value.copyTo(samples, { planeIndex: 0, format: "f32-planar" });
        const part = samples.length / LOUDNESSES;
        const loud = Array.from({ length: LOUDNESSES }, (_, i) => Math.hypot(...samples.subarray(i * part, (i + 1) * part)));
        blocks.push([value.timestamp / 1000, performance.now(), value.duration / 1000, ...loud]);
        value.close();
    }
}

/** Each picture of the video: when it is on the screen, and the part of it in which the mouth is. */
function see(video) {
    const [width, height] = GRID;
    const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    video.requestVideoFrameCallback(function seen(now, { expectedDisplayTime }) {
        const { videoWidth: w, videoHeight: h } = video;
        context.drawImage(video, MOUTH.x * w, MOUTH.y * h, MOUTH.width * w, MOUTH.height * h, 0, 0, width, height);
        const { data } = context.getImageData(0, 0, width, height);
        pictures.push([expectedDisplayTime, ...data.filter((_, i) => i % 4 === 1)]);
        video.requestVideoFrameCallback(seen);
    });
}

/** What was heard and seen. */
globalThis.watched = async () => {
    const stats = [...(await peer.receiver.getStats()).values()].find(({ type }) => type === "inbound-rtp");
    return {
        ...{ blocks, poses, ticks, pictures },
        latency: loudspeaker.latency,
        buffered: (1000 * stats.jitterBufferDelay) / stats.jitterBufferEmittedCount,
    };
};
document.body.dataset.shown = "yes";
