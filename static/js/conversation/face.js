/** The persona's face, where this browser can draw it; else the portrait stays, and captions go on. */

export async function openFace(canvas, { face, onShown }) {
  try {
    const { createFace } = await import("/static/face/face.js");
    return await createFace(canvas, {
      assetUrl: `/static/personas/${face}.glb`,
      reducedMotion: matchMedia("(prefers-reduced-motion: reduce)").matches,
      onFirstFrame: onShown,
    });
  } catch (error) {
    console.info("The face is shown as a still picture:", error.message);
    return null;
  }
}
