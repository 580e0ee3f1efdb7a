import type { Attachment } from '../../protocol/protocol';

export const PDF = 'application/pdf';
const VOICE = /^voice-\d{4}(-\d\d){5}(\.\d{1,4}s\.[0-9a-f]{40})?\.(webm|ogg|m4a)$/;

const known = new Map<string, boolean>();

/** Whether this browser says that it may play files of a type. Asked once for each: it makes an element. */
function plays(type: string): boolean {
  const answer = known.get(type) ?? document.createElement('video').canPlayType(type) !== '';
  known.set(type, answer);
  return answer;
}

/** What a file plays as in its place; nothing where this browser cannot play it. */
export function playsAs({ type }: Pick<Attachment, 'type'>): 'video' | 'sound' | undefined {
  const kind = /^(video|audio)\//.exec(type)?.[1];
  return kind && plays(type) ? (kind === 'video' ? 'video' : 'sound') : undefined;
}

/**
 * “voice-2026-11-30-14-03-22.32s.04ac….webm”: what was recorded here is told from other sounds by its name, which
 * says how it sounds, too (`waveform.ts`).
 */
export function isVoice({ name, type }: Pick<Attachment, 'name' | 'type'>): boolean {
  return type.startsWith('audio/') && VOICE.test(name);
}

/** The name of what was recorded at a time, by the media type of its bytes and what is said of its waveform. */
export function voiceName(type: string, time: Date, said: string): string {
  const ending = type.startsWith('audio/mp4') ? 'm4a' : type.startsWith('audio/ogg') ? 'ogg' : 'webm';
  const local = new Date(time.getTime() - time.getTimezoneOffset() * 60_000);
  return `voice-${local.toISOString().slice(0, 19).replace(/[T:]/g, '-')}.${said}.${ending}`;
}
