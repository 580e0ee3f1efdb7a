/** Two short tones, one after the other: their height in hertz. */
const TONES = [660, 880];
const LASTS = 0.12;
const LOUDNESS = 0.15;
/** Many messages at once are one sound. */
const QUIET_FOR = 2_000;

/** The sound of a new message. */
export class Chime {
  private last = -QUIET_FOR;

  /** Gives whether there is a sound: a browser makes none in a page that was not touched yet. */
  async ring(): Promise<boolean> {
    if (performance.now() - this.last < QUIET_FOR) return true;
    if (!('AudioContext' in window) || navigator.userActivation?.hasBeenActive === false) return false;
    // One for each sound: an open one holds the device, and drains a phone.
    const context = new AudioContext();
    await Promise.race([context.resume(), new Promise((late) => setTimeout(late, QUIET_FOR))]);
    if (context.state !== 'running') {
      void context.close();
      return false;
    }
    this.last = performance.now();
    TONES.forEach((tone, index) => sound(context, tone, context.currentTime + index * LASTS));
    setTimeout(() => void context.close(), QUIET_FOR);
    return true;
  }
}

function sound(context: AudioContext, tone: number, from: number): void {
  const [source, volume] = [context.createOscillator(), context.createGain()];
  source.frequency.value = tone;
  // Up and down without a click.
  volume.gain.setValueAtTime(0, from);
  volume.gain.linearRampToValueAtTime(LOUDNESS, from + 0.01);
  volume.gain.exponentialRampToValueAtTime(0.001, from + 2 * LASTS);
  source.connect(volume).connect(context.destination);
  source.start(from);
  source.stop(from + 2 * LASTS);
}
