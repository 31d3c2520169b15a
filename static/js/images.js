/** A picture that may be missing gives way to what lies under it. */
export function optionalImages(root = document) {
  for (const image of root.querySelectorAll("img[data-optional]")) {
    const gone = () => image.remove();
    if (image.complete && image.naturalWidth === 0) gone();
    else image.addEventListener("error", gone, { once: true });
  }
}
