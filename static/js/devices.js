/** Microphone, camera and loudspeaker: asking for them, remembering them, and saying why they are not there. */

const KEY = "coachtool.devices";

/** What was chosen last time: {microphone, camera, speaker} device ids; {} where storage is closed to us. */
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

/** Whether what is chosen here is still known on the next page. */
export function canRemember() {
  try {
    localStorage.setItem(KEY, localStorage.getItem(KEY) ?? "{}");
    return true;
  } catch {
    return false;
  }
}

/** Whether this page's frame passes a device (microphone, camera) on at all. */
export function frameAllows(device) {
  const policy = document.permissionsPolicy ?? document.featurePolicy;
  return policy ? policy.allowsFeature(device) : true;
}

/** The learner's microphone as a stream; rejects with a Trouble. */
export function openMicrophone(deviceId = remembered().microphone) {
  const wanted = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: { ideal: 1 } };
  return open("microphone", deviceId, wanted, (audio) => ({ audio, video: false }));
}

/** The learner's camera as a stream of small pictures; rejects with a Trouble. */
export function openCamera(deviceId = remembered().camera) {
  const wanted = { width: { ideal: 320 }, height: { ideal: 240 }, frameRate: { ideal: 15 }, facingMode: { ideal: "user" } };
  return open("camera", deviceId, wanted, (video) => ({ audio: false, video }));
}

async function open(device, deviceId, wanted, constraints) {
  if (!frameAllows(device)) throw new Trouble("framed", device);
  if (!navigator.mediaDevices?.getUserMedia) throw new Trouble("unsupported", device);
  const chosen = deviceId ? { ...wanted, deviceId: { ideal: deviceId } } : wanted;
  try {
    return await navigator.mediaDevices.getUserMedia(constraints(chosen));
  } catch (error) {
    throw Trouble.from(error, device);
  }
}

const KINDS = { audioinput: "Microphone", audiooutput: "Loudspeaker", videoinput: "Camera" };

/** {microphones, speakers, cameras}, each [{id, label}]. */
export async function listDevices() {
  const all = await navigator.mediaDevices.enumerateDevices();
  const of = (kind) =>
    all
      .filter((device) => device.kind === kind && device.deviceId)
      .map((device, index) => ({ id: device.deviceId, label: device.label || `${KINDS[kind]} ${index + 1}` }));
  return { microphones: of("audioinput"), speakers: of("audiooutput"), cameras: of("videoinput") };
}

const WORDS = {
  microphone: {
    framed: "Your course page does not pass the microphone on to this activity. Open it in a window of its own, or write instead.",
    denied:
      "Your browser is not letting this page use the microphone. Click the icon beside the address, allow the microphone and try again; or write instead.",
    missing: "No microphone was found. Plug one in and try again, or write instead.",
    taken: "Another program is using the microphone, perhaps a video call. Close it and try again, or write instead.",
    unsupported: "This browser cannot use a microphone on this page. Try a current Chrome, Edge, Firefox or Safari, or write instead.",
  },
  camera: {
    framed: "Your course page does not pass the camera on to this activity. You can talk without it.",
    denied:
      "Your browser is not letting this page use the camera. Click the icon beside the address, allow the camera and try again; or talk without it.",
    missing: "No camera was found. Plug one in and try again, or talk without it.",
    taken: "Another program is using the camera, perhaps a video call. Close it and try again, or talk without it.",
    unsupported: "This browser cannot use a camera on this page. You can talk without it.",
  },
};

/** Why a device is not there: framed, denied, missing, taken or unsupported; `message` says what to do. */
export class Trouble extends Error {
  constructor(reason, device = "microphone") {
    super(WORDS[device][reason]);
    this.reason = reason;
  }

  /** A frame's policy and a person's refusal raise the same error; in a frame, a window of one's own may help both. */
  get windowMayHelp() {
    return window.self !== window.top && (this.reason === "framed" || this.reason === "denied");
  }

  static from(error, device = "microphone") {
    const reasons = {
      NotAllowedError: "denied",
      SecurityError: "denied",
      NotFoundError: "missing",
      OverconstrainedError: "missing",
      NotReadableError: "taken",
      AbortError: "taken",
    };
    return new Trouble(reasons[error.name] ?? "unsupported", device);
  }
}
