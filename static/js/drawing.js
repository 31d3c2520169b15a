/** How the persona's face is best shown here: drawn by this browser, or sent as video where a worker offers it. */

import { measureDrawing } from "../face/gl.js";
import { remember, remembered } from "./devices.js";

const LEAST_MBPS = 1.5; // video takes about 0.6; frames to draw take 0.02

/** Measures once what draws here and remembers it, so that the conversation's page knows it at its start. */
export function noteDrawing() {
  const drawing = measureDrawing();
  remember({ drawing });
  return drawing;
}

/** Whether the face is wanted as video: what the learner chose last, else what suits this machine and its network. */
export function wantsVideo() {
  const { picture, drawing = noteDrawing() } = remembered();
  if (picture) return picture === "video";
  const { downlink = Infinity, saveData = false } = navigator.connection ?? {};
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches; // a video can't be calmed
  return drawing !== "hardware" && downlink >= LEAST_MBPS && !saveData && !calm;
}
