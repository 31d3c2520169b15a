/**
 * Call `onLevel` with the loudness of a stream, 0 to 1, about 20 times a second.
 * Returns a function that stops it. Never connected to the loudspeaker.
 */
export function watchLevel(stream, onLevel) {
  const audio = new AudioContext();
  const analyser = new AnalyserNode(audio, { fftSize: 1024, smoothingTimeConstant: 0 });
  const source = audio.createMediaStreamSource(stream);
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    if (audio.state === "suspended") audio.resume().catch(() => {});
    analyser.getFloatTimeDomainData(samples);
    let sum = 0;
    for (const sample of samples) sum += sample * sample;
    const decibels = 10 * Math.log10(sum / samples.length + 1e-10);
    onLevel(Math.min(1, Math.max(0, (decibels + 60) / 50)));
  }, 50);
  return () => {
    clearInterval(timer);
    source.disconnect();
    audio.close().catch(() => {});
  };
}
