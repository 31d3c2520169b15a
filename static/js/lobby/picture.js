/** The lobby's choice of how the persona's face is shown, and in words what it comes to on this machine. */

import { canRemember, remember, remembered } from "../devices.js";
import { wantsVideo } from "../drawing.js";

const DRAWN = {
  hardware: "Drawn by this browser, with this computer’s graphics card.",
  software: "Drawn by this browser without a graphics card, so it moves less smoothly.",
  none: "This browser can’t draw it: you will see a picture, and captions.",
};

/**
 * `select` offers "" (whatever suits), "drawn" and "video"; `line` says what that comes to where `drawing` draws. Where
 * nothing can be remembered, the conversation's page would not know of a choice: there it is only said.
 */
export function offerPicture(select, line, drawing) {
  select.hidden = !canRemember();
  select.value = remembered().picture ?? "";
  const say = () => {
    line.textContent = words(drawing, wantsVideo());
  };
  select.addEventListener("change", () => {
    remember({ picture: select.value || undefined });
    say();
  });
  say();
}

/** The sentence for what draws here (`hardware`, `software` or `none`) and whether video is wanted. */
export function words(drawing, video) {
  return video ? `Sent as video where the voice’s computer can. Else: ${DRAWN[drawing].replace(/^./, (c) => c.toLowerCase())}` : DRAWN[drawing];
}
