/** The persona's face, where this browser can draw it; else the portrait stays, and captions go on. */

import { FaceStream } from "/static/face/stream.js";

/** What moves the face; `heardAt` gives the page time of the voice's RTP timestamp, or null. */
export function openStream(heardAt) {
  const stream = new FaceStream({ heardAt, calm: matchMedia("(prefers-reduced-motion: reduce)").matches });
  stream.load("/static/face/idle").catch((error) => console.info("The face rests where nothing is sent:", error.message));
  return stream;
}

export async function openFace(canvas, { face, source, onShown }) {
  try {
    const { createFace } = await import("/static/face/face.js");
    return await createFace(canvas, { assetUrl: `/static/personas/${face}.glb`, source, onFirstFrame: onShown });
  } catch (error) {
    console.info("The face is shown as a still picture:", error.message);
    return null;
  }
}
