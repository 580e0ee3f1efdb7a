import { signal } from '@angular/core';

import { voiceName } from './playable';
import { saidOf } from './waveform';

/** In seconds. */
export const LONGEST = 15 * 60;
/** As clear as a telephone; the longest has less than 4 MB. */
const BITS_PER_SECOND = 32_000;
/** What browsers record, the best first: Safari has only the last. */
const TYPES = ['audio/webm;codecs=opus', 'audio/ogg;codecs=opus', 'audio/mp4'];
const LOOK_EVERY = 100;
/** Levels that are shown. */
const SHOWN = 40;

/** Why nothing can be recorded, for the person who wanted to. */
export function refusal(error: unknown): string {
  const name = (error as Partial<Error> | undefined)?.name ?? '';
  const said: Partial<Record<string, string>> = {
    NotAllowedError: $localize`This page may not use the microphone. Allow it in the browser, and try again.`,
    NotFoundError: $localize`No microphone was found.`,
    NotReadableError: $localize`The microphone is used by another program.`,
  };
  return said[name] ?? $localize`The microphone did not start.`;
}

/** What is missing to record at all; nothing where all is there. */
export function missing(): string {
  if (!isSecureContext) return $localize`Recording needs a secure connection (https).`;
  const records = 'MediaRecorder' in window && 'mediaDevices' in navigator;
  return records && typeOf() ? '' : $localize`This browser cannot record.`;
}

function typeOf(): string | undefined {
  return TYPES.find((type) => MediaRecorder.isTypeSupported(type));
}

/** A voice that is being recorded. It holds the microphone until it is ended. */
export class VoiceRecording {
  /** In seconds. */
  readonly time = signal(0);
  /** How loud it was lately, from 0 to 1. */
  readonly levels = signal<readonly number[]>(Array<number>(SHOWN).fill(0));
  /** The same from the beginning. */
  private readonly all: number[] = [];
  /** The microphone went: nothing more is recorded, and what was can be sent. */
  readonly cut = signal(false);
  private readonly began = performance.now();
  private readonly parts: Blob[] = [];
  private readonly context = new AudioContext();
  private readonly timer: ReturnType<typeof setInterval>;

  private constructor(
    private readonly stream: MediaStream,
    private readonly recorder: MediaRecorder,
  ) {
    recorder.addEventListener('dataavailable', ({ data }) => this.parts.push(data));
    recorder.addEventListener('stop', () => {
      clearInterval(this.timer);
      this.cut.set(true);
    });
    // In parts, so that the browser need not hold all of it twice.
    recorder.start(1_000);
    const analyser = this.context.createAnalyser();
    this.context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    this.timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const loudest = samples.reduce((most, one) => Math.max(most, Math.abs(one)), 0);
      this.levels.update((levels) => [...levels.slice(1), Math.min(1, loudest)]);
      if (recorder.state === 'recording') this.all.push(loudest);
      this.time.set(Math.min(LONGEST, (performance.now() - this.began) / 1_000));
      if (this.time() >= LONGEST && recorder.state === 'recording') recorder.pause();
    }, LOOK_EVERY);
  }

  /** Asks for the microphone. */
  static async begin(): Promise<VoiceRecording> {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    try {
      const recorder = new MediaRecorder(stream, {
        mimeType: typeOf()!,
        audioBitsPerSecond: BITS_PER_SECOND,
      });
      return new VoiceRecording(stream, recorder);
    } catch (error) {
      release(stream);
      throw error;
    }
  }

  /** All of it, as a file. */
  async end(): Promise<File> {
    const { recorder } = this;
    if (recorder.state !== 'inactive') {
      const stopped = new Promise((done) => recorder.addEventListener('stop', done, { once: true }));
      recorder.stop();
      await stopped;
    }
    this.cancel();
    const name = voiceName(recorder.mimeType, new Date(), saidOf(this.all, this.time()));
    return new File(this.parts, name, { type: recorder.mimeType });
  }

  cancel(): void {
    clearInterval(this.timer);
    if (this.recorder.state !== 'inactive') this.recorder.stop();
    release(this.stream);
    void this.context.close().catch(() => undefined);
  }
}

/** The browser shows that a page listens until this. */
function release(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}
