import { describe, expect, it, vi } from 'vitest';

import type { Attachment } from '../../protocol/protocol';
import { isVoice, voiceName } from './playable';
import { summary } from './summary';
import { missing, refusal } from './voice-recording';
import { loudness, saidOf, waveformOf } from './waveform';

describe('a voice message', () => {
  const plain: Attachment = { id: 'f', name: 'a.webm', type: 'video/webm', size: 1, url: '/f' };

  it('is a voice message by its name, whoever recorded it', () => {
    const time = new Date(2026, 10, 30, 9, 5, 7);
    const said = saidOf([0, 0.5, 1], 31.6);
    const name = voiceName('audio/webm;codecs=opus', time, said);
    expect(name).toBe(`voice-2026-11-30-09-05-07.${said}.webm`);
    expect(voiceName('audio/mp4', time, said)).toMatch(/\.m4a$/);
    expect(voiceName('audio/ogg', time, said)).toMatch(/\.ogg$/);
    expect(isVoice({ name, type: 'audio/webm' })).toBe(true);
    // As clients recorded it before.
    expect(isVoice({ name: 'voice-2026-11-30-09-05-07.webm', type: 'audio/webm' })).toBe(true);
    expect(isVoice({ name, type: 'video/webm' })).toBe(false);
    expect(isVoice({ name: 'voice.webm', type: 'audio/webm' })).toBe(false);
    expect(summary({ text: '', attachments: [{ ...plain, name, type: 'audio/webm' }] })).toBe(
      'Voice message',
    );
  });

  it('is not recorded without a secure connection, a browser that can, or a microphone', () => {
    vi.stubGlobal('isSecureContext', false);
    expect(missing()).toContain('https');
    vi.stubGlobal('isSecureContext', true);
    expect(missing()).toBe('This browser cannot record.');
    vi.unstubAllGlobals();
    expect(refusal(new DOMException('', 'NotAllowedError'))).toContain('Allow it');
    expect(refusal(new DOMException('', 'NotFoundError'))).toBe('No microphone was found.');
    expect(refusal('whatever')).toBe('The microphone did not start.');
  });

  it('is drawn as loud as it is', () => {
    expect(loudness([0, 0.1, 0.5, 0.2, 0.25, 0], 3)).toEqual(
      [0.1 / 0.5, 1, 0.25 / 0.5].map((one) => expect.closeTo(one, 5)),
    );
    expect(loudness(Array<number>(8).fill(0), 2)).toEqual([0, 0]);
    expect(loudness([], 2)).toEqual([0, 0]);
    const levels = Array.from({ length: 80 }, (_, index) => (index % 10) / 10);
    const drawn = waveformOf({ name: `voice-2026-11-30-09-05-07.${saidOf(levels, 8.2)}.webm` })!;
    expect(drawn.seconds).toBe(8);
    expect(drawn.bars.length).toBe(40);
    expect(drawn.bars.slice(0, 5).map((one) => Math.round(one * 9))).toEqual([1, 3, 5, 7, 9]);
    for (const name of ['voice-2026-11-30-09-05-07.webm', 'a.8s.xyz.webm', '.99999s.0.webm'])
      expect(waveformOf({ name })).toBeNull();
  });
});
