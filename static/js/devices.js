/** Microphone and loudspeaker: asking for them, remembering them, and saying why they are not there. */

const KEY = "coachtool.devices";

/** What was chosen last time: {microphone, speaker} device ids; {} where storage is closed to us. */
export function remembered() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}

export function remember(choice) {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...remembered(), ...choice }));
  } catch {
    // A browser without storage for us forgets; the default device is used.
  }
}

/** Whether this page's frame passes the microphone on at all. */
export function frameAllowsMicrophone() {
  const policy = document.permissionsPolicy ?? document.featurePolicy;
  return policy ? policy.allowsFeature("microphone") : true;
}

/** The learner's microphone as a stream; rejects with a Trouble. */
export async function openMicrophone(deviceId = remembered().microphone) {
  if (!frameAllowsMicrophone()) throw new Trouble("framed");
  if (!navigator.mediaDevices?.getUserMedia) throw new Trouble("unsupported");
  const wanted = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: { ideal: 1 } };
  const ask = (audio) => navigator.mediaDevices.getUserMedia({ audio, video: false });
  try {
    return await ask(deviceId ? { ...wanted, deviceId: { ideal: deviceId } } : wanted);
  } catch (error) {
    throw Trouble.from(error);
  }
}

/** {microphones, speakers}, each [{id, label}]. */
export async function listDevices() {
  const all = await navigator.mediaDevices.enumerateDevices();
  const of = (kind) =>
    all
      .filter((device) => device.kind === kind && device.deviceId)
      .map((device, index) => ({ id: device.deviceId, label: device.label || `${kind === "audioinput" ? "Microphone" : "Loudspeaker"} ${index + 1}` }));
  return { microphones: of("audioinput"), speakers: of("audiooutput") };
}

const WORDS = {
  framed: "Your course page does not pass the microphone on to this activity. Open it in a window of its own, or write instead.",
  denied:
    "Your browser is not letting this page use the microphone. Click the icon beside the address, allow the microphone and try again; or write instead.",
  missing: "No microphone was found. Plug one in and try again, or write instead.",
  taken: "Another program is using the microphone, perhaps a video call. Close it and try again, or write instead.",
  unsupported: "This browser cannot use a microphone on this page. Try a current Chrome, Edge, Firefox or Safari, or write instead.",
};

/** Why there is no microphone: framed, denied, missing, taken or unsupported; `message` says what to do. */
export class Trouble extends Error {
  constructor(reason) {
    super(WORDS[reason]);
    this.reason = reason;
  }

  /** A frame's policy and a person's refusal raise the same error; in a frame, a window of one's own may help both. */
  get windowMayHelp() {
    return window.self !== window.top && (this.reason === "framed" || this.reason === "denied");
  }

  static from(error) {
    const reasons = {
      NotAllowedError: "denied",
      SecurityError: "denied",
      NotFoundError: "missing",
      OverconstrainedError: "missing",
      NotReadableError: "taken",
      AbortError: "taken",
    };
    return new Trouble(reasons[error.name] ?? "unsupported");
  }
}
