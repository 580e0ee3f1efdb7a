import { TestBed } from '@angular/core/testing';
import { BehaviorSubject } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { chatWith } from '../../core/chat-key';
import { Api } from '../../core/api/api';
import { Failure } from '../../core/http/problem';
import type { Status } from '../../core/line/web-socket-service';
import { WebSocketService } from '../../core/line/web-socket-service';
import { boxesOf } from '../../data/attachments/boxes';
import { Files } from '../../data/attachments/files';
import { PendingAttachments } from '../../data/attachments/pending-attachments';
import { isVoice, voiceName } from '../../data/attachments/playable';
import { fileKind, fileSize } from '../../data/attachments/size';
import { carried, summary } from '../../data/attachments/summary';
import { missing, refusal } from '../../data/attachments/voice-recording';
import { loudness, saidOf, waveformOf } from '../../data/attachments/waveform';
import { fitName } from '../../data/attachments/upload';
import { reason, UploadQueue } from '../../data/attachments/upload-queue';
import type { Attachment, Code, Problem } from '../../protocol/protocol';

const BOB = chatWith('Bob');

const picture = (width: number, height: number, id = 'p'): Attachment => ({
  id,
  name: `${id}.png`,
  type: 'image/png',
  size: 1,
  width,
  height,
  url: `/${id}`,
  thumbnailUrl: `/${id}/thumbnail`,
});
const file = (id = 'f'): Attachment => ({
  id,
  name: `${id}.pdf`,
  type: 'application/pdf',
  size: 1,
  url: `/${id}`,
});

describe('the place of an attachment', () => {
  const alone = (width: number, height: number) => {
    const [box] = boxesOf([picture(width, height)]).pictures;
    return [box!.width, Math.round(box!.width! / box!.ratio!), box!.small];
  };

  it('is that of the picture, made to fit', () => {
    expect(alone(300, 200)).toEqual([300, 200, false]);
    expect(alone(4000, 2000)).toEqual([440, 220, false]);
    expect(alone(3000, 4000)).toEqual([360, 480, false]);
  });

  it('crops what is too tall or too flat, so that a screenshot stays wide enough to be read', () => {
    expect(alone(1080, 2400)).toEqual([288, 480, false]);
    expect(alone(10_000, 100)).toEqual([440, 176, true]);
  });

  it('is never too small for a finger, and blows nothing up', () => {
    expect(alone(1, 1)).toEqual([64, 64, true]);
    expect(alone(40, 10)).toEqual([160, 64, true]);
    expect(alone(10, 40)).toEqual([64, 107, true]);
    expect(alone(100, 10_000)).toEqual([100, 167, false]);
  });

  it('fills the bubble where a time fits on it', () => {
    const width = (...pictures: Attachment[]) => boxesOf(pictures).width;
    expect(width(picture(239, 200))).toBeUndefined();
    expect(width(picture(240, 200))).toBe(240);
    expect(width(picture(1, 1), picture(1, 1, 'q'))).toBe(440);
    expect(width(file())).toBeUndefined();
  });

  it('is in an album among others, which shows four and counts the rest; other files come below', () => {
    const { pictures, files } = boxesOf([
      file('a'),
      picture(10, 20, 'b'),
      { ...picture(9, 9, 'huge'), thumbnailUrl: undefined } as unknown as Attachment,
      picture(20, 10, 'c'),
    ]);
    expect(pictures.map(({ file: { id }, width }) => [id, width])).toEqual([
      ['b', undefined],
      ['c', undefined],
    ]);
    expect(files.map(({ file: { id } }) => id)).toEqual(['a', 'huge']);
    const last = (count: number) => {
      const { pictures } = boxesOf(Array.from({ length: count }, (_, index) => picture(1, 1, `${index}`)));
      return [pictures.length, pictures.at(-1)?.more];
    };
    expect([2, 4, 5, 10].map(last)).toEqual([
      [2, undefined],
      [4, undefined],
      [4, 1],
      [4, 6],
    ]);
  });
});

describe('what plays', () => {
  const plain: Attachment = { id: 'f', name: 'a.webm', type: 'video/webm', size: 1, url: '/f' };

  it('is in its place only where the browser says that it can play it', () => {
    const play = vi
      .spyOn(HTMLMediaElement.prototype, 'canPlayType')
      .mockImplementation((type) => (/webm|wav/.test(type) ? 'maybe' : ''));
    const kinds = ['video/webm', 'audio/wav', 'video/quicktime', 'audio/x-matroska', 'application/pdf'].map(
      (type) => {
        const { videos, files } = boxesOf([{ ...plain, type }]);
        return [videos.length, files[0]?.kind];
      },
    );
    expect(kinds).toEqual([
      [1, undefined],
      [0, 'sound'],
      [0, 'file'],
      [0, 'file'],
      [0, 'file'],
    ]);
    expect(boxesOf([plain]).width).toBe(440);
    play.mockRestore();
  });

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

describe('what a message carries', () => {
  it('is said in a word where there is no text', () => {
    expect(carried()).toBe('');
    expect(carried([picture(1, 1)])).toBe('Photo');
    expect(carried([picture(1, 1), picture(1, 1, 'q')])).toBe('2 photos');
    expect(carried([file('crew')])).toBe('crew.pdf');
    expect(carried([file(), picture(1, 1)])).toBe('2 files');
    expect(summary({ text: ' look\nat this ', attachments: [file()] })).toBe('look at this');
    expect(summary({ text: '', attachments: [file()] })).toBe('f.pdf');
  });

  it('has a size that people read', () => {
    expect(
      [0, 1, 999, 1_000, 1_250, 9_949, 12_345, 999_499, 999_500, 26_214_400, 1.5e9].map(fileSize),
    ).toEqual([
      '0 bytes',
      '1 byte',
      '999 bytes',
      '1 kB',
      '1.3 kB',
      '9.9 kB',
      '12 kB',
      '999 kB',
      '1 MB',
      '26 MB',
      '1.5 GB',
    ]);
  });

  it('is of a kind that people know by the ending of its name', () => {
    expect(
      [
        'photo.heic',
        'a.b.PDF',
        'clip.mp4',
        'archive.tar.gz',
        'notes',
        '.bashrc',
        'v1.2',
        'a.long-ending',
        'x.',
      ].map(fileKind),
    ).toEqual(['HEIC', 'PDF', 'MP4', 'GZ', '', '', '', '', '']);
  });

  it('has a name that the server takes', () => {
    expect(fitName('أهلا 🌊.png')).toBe('أهلا 🌊.png');
    expect(fitName('a/b\\c\u202egpj.exe')).toBe('a_b_c_gpj.exe');
    expect(fitName('..')).toBe('file');
    expect(fitName('')).toBe('file');
    const long = fitName(`${'é'.repeat(300)}.jpeg`);
    expect(long).toMatch(/^é+\.jpeg$/);
    expect(new TextEncoder().encode(long).length).toBeLessThanOrEqual(255);
    expect(fitName('x'.repeat(300))).toBe('x'.repeat(255));
  });
});

/** Requests as a test answers them. */
class Wire {
  static open: Wire[] = [];
  readonly upload: { onprogress?: (sent: { loaded: number; total: number }) => void } = {};
  readonly headers: Record<string, string> = {};
  name = '';
  status = 0;
  response: unknown = null;
  onload = () => undefined;
  onerror = () => undefined;
  onabort = () => undefined;
  onloadend = () => undefined;

  open(_: string, url: string): void {
    this.name = new URL(url, 'http://here').searchParams.get('name')!;
  }

  setRequestHeader(name: string, value: string): void {
    this.headers[name] = value;
  }

  send(): void {
    Wire.open.push(this);
  }

  abort(): void {
    Wire.open = Wire.open.filter((wire) => wire !== this);
    this.onabort();
    this.onloadend();
  }

  answer(status: number, response: unknown): void {
    Wire.open = Wire.open.filter((wire) => wire !== this);
    Object.assign(this, { status, response });
    if (status === 0) this.onerror();
    else this.onload();
    this.onloadend();
  }
}

const problem = (code: Code, more: Partial<Problem> = {}): Problem => ({
  code,
  detail: code,
  status: 400,
  title: code,
  type: code,
  retryable: false,
  ...more,
});

describe('uploads', () => {
  let status$: BehaviorSubject<Status>;
  let attached: PendingAttachments;
  let uploads: UploadQueue;
  const attach = (...names: string[]) =>
    attached.add(
      BOB,
      names.map((name) => new File(['x'], name, { type: 'text/plain' })),
    );
  const under = () => Wire.open.map(({ name }) => name);
  const held = () =>
    attached
      .of(BOB)
      .files.map(
        ({ file: { name }, progress, attachment, failure }) =>
          failure?.said ??
          (attachment ? `${name} is there` : progress === undefined ? name : `${name} ${progress}`),
      );
  const keyOf = (name: string) => attached.of(BOB).files.find((one) => one.file.name === name)!.key;
  const settle = () => vi.advanceTimersByTimeAsync(0);

  beforeEach(() => {
    vi.useFakeTimers();
    Wire.open = [];
    vi.stubGlobal('XMLHttpRequest', Wire);
    status$ = new BehaviorSubject<Status>('online');
    TestBed.resetTestingModule();
    TestBed.configureTestingModule({
      providers: [
        { provide: Api, useValue: { authorized: <T>(ask: (token: string) => Promise<T>) => ask('token') } },
        { provide: Files, useValue: { picture: () => Promise.resolve('') } },
        { provide: WebSocketService, useValue: { status$ } },
      ],
    });
    attached = TestBed.inject(PendingAttachments);
    uploads = TestBed.inject(UploadQueue);
  });

  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('go three at a time, in order, and tell how far they are', async () => {
    attach('a', 'b', 'c', 'd', 'e');
    await settle();
    expect(under()).toEqual(['a', 'b', 'c']);
    Wire.open[1]!.upload.onprogress!({ loaded: 1, total: 4 });
    expect(held()).toEqual(['a', 'b 0.25', 'c', 'd', 'e']);
    Wire.open[1]!.answer(201, file('b'));
    await settle();
    expect(under()).toEqual(['a', 'c', 'd']);
    expect(held()[1]).toBe('b is there');
  });

  it('end when they are taken back, and make room', async () => {
    attach('a', 'b', 'c', 'd');
    await settle();
    uploads.remove(keyOf('a'));
    await settle();
    expect(under()).toEqual(['b', 'c', 'd']);
    expect(held()).toEqual(['b', 'c', 'd']);
  });

  it('do not begin once they are taken back, while they waited for their turn', async () => {
    attach('a');
    await settle();
    Wire.open[0]!.answer(429, problem('rate_limited', { retryAfter: 1, retryable: true }));
    await settle();
    uploads.remove(keyOf('a'));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(under()).toEqual([]);
  });

  it('are given up once nothing moves for half a minute, and make room', async () => {
    attach('a', 'b', 'c', 'd');
    await settle();
    await vi.advanceTimersByTimeAsync(20_000);
    Wire.open[0]!.upload.onprogress!({ loaded: 1, total: 4 });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(held().slice(0, 3)).toEqual(['a 0.25', 'No connection.', 'No connection.']);
    expect(under()).toEqual(['a', 'd']);
    await vi.advanceTimersByTimeAsync(19_000);
    expect(under()).toContain('a');
  });

  it('say why they failed, and are tried again', async () => {
    attach('a', 'b');
    await settle();
    Wire.open[0]!.answer(413, problem('too_large'));
    Wire.open[0]!.answer(413, problem('quota_exceeded'));
    await settle();
    expect(held()).toEqual([
      'Larger than this server takes.',
      'Your files have no more room. Delete messages with some.',
    ]);
    uploads.again(keyOf('a'));
    uploads.again(keyOf('b'));
    await settle();
    expect(Wire.open.map(({ name, headers }) => [name, headers['content-type']])).toEqual([
      ['a', 'text/plain'],
      ['b', 'text/plain'],
    ]);
  });

  it('are tried again by themselves once there is a connection', async () => {
    attach('a');
    await settle();
    status$.next('offline');
    Wire.open[0]!.answer(0, null);
    await settle();
    expect(held()).toEqual(['No connection.']);
    status$.next('online');
    await settle();
    expect(under()).toEqual(['a']);
  });

  it('are tried again by themselves, less and less often, where nothing but the upload gets no answer', async () => {
    attach('a');
    await settle();
    for (const pause of [2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]) {
      expect(under()).toEqual(['a']);
      await vi.advanceTimersByTimeAsync(30_000);
      expect([under(), held()]).toEqual([[], ['No connection.']]);
      await vi.advanceTimersByTimeAsync(pause - 1);
      expect(under()).toEqual([]);
      await vi.advanceTimersByTimeAsync(1);
    }
    Wire.open[0]!.answer(201, file('a'));
    await settle();
    expect(held()).toEqual(['a is there']);
    await vi.advanceTimersByTimeAsync(100_000);
    expect(under()).toEqual([]);
  });

  it('are not tried again while there is no connection, after they were taken back, or twice', async () => {
    attach('a', 'b', 'c');
    await settle();
    for (const wire of [...Wire.open]) wire.answer(0, null);
    await settle();
    uploads.remove(keyOf('a'));
    uploads.again(keyOf('b'));
    await settle();
    expect(under()).toEqual(['b']);
    status$.next('offline');
    await vi.advanceTimersByTimeAsync(10_000);
    expect([under(), held()]).toEqual([['b'], ['b', 'No connection.']]);
    status$.next('online');
    await settle();
    expect(under()).toEqual(['b', 'c']);
  });

  it('do not hold a message up any longer once they failed twice while there was a connection', async () => {
    attach('a');
    await settle();
    const told: unknown[] = [];
    const wait = () => void uploads.whole(BOB).then((whole) => told.push(whole && whole.map(({ id }) => id)));
    const fail = async () => {
      Wire.open[0]!.answer(0, null);
      await settle();
    };
    wait();
    await fail();
    expect([told, attached.of(BOB).waiting]).toEqual([[], true]);
    await vi.advanceTimersByTimeAsync(2_000);
    await fail();
    expect([told, attached.of(BOB).waiting]).toEqual([[null], false]);
    // Sent again, it is tried at once, and waited for again.
    wait();
    await settle();
    expect(under()).toEqual(['a']);
    await fail();
    expect(told).toEqual([null]);
    // Without a connection it is waited for however long that takes.
    status$.next('offline');
    await vi.advanceTimersByTimeAsync(100_000);
    uploads.again(keyOf('a'));
    await settle();
    await fail();
    expect([told, attached.of(BOB).waiting]).toEqual([[null], true]);
    status$.next('online');
    await settle();
    Wire.open[0]!.answer(201, file('a'));
    await settle();
    expect(told).toEqual([null, ['a']]);
  });

  it('are not for want of a connection where a proxy refused them', async () => {
    attach('a', 'b');
    await settle();
    Wire.open[0]!.answer(413, null);
    Wire.open[0]!.answer(502, null);
    await settle();
    expect(held()).toEqual(['Larger than this server takes.', 'Something went wrong. Try again.']);
    status$.next('online');
    await settle();
    expect(under()).toEqual([]);
  });

  it('cannot be of what has no bytes, as a folder', async () => {
    const folder = Object.assign(new File([], 'folder'), {
      slice: () => ({ arrayBuffer: () => Promise.reject(new Error('it is none')) }),
    });
    attached.add(BOB, [folder]);
    await settle();
    Wire.open[0]!.answer(0, null);
    await settle();
    expect(attached.of(BOB).files[0]!.failure).toMatchObject({
      said: 'It cannot be read.',
      unreached: false,
    });
  });

  it('wait for their turn where the server asks them to', async () => {
    attach('a');
    await settle();
    Wire.open[0]!.answer(429, problem('rate_limited', { retryAfter: 1, retryable: true }));
    await settle();
    expect(under()).toEqual([]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(under()).toEqual(['a']);
  });

  it('are whole once all of them are there, and not where one failed or the person does not wait', async () => {
    attach('a', 'b');
    await settle();
    const told: unknown[] = [];
    const wait = () => void uploads.whole(BOB).then((whole) => told.push(whole && whole.map(({ id }) => id)));
    wait();
    expect(attached.of(BOB).waiting).toBe(true);
    Wire.open[0]!.answer(201, file('a'));
    await settle();
    expect(told).toEqual([]);
    attached.set(BOB, { waiting: false });
    await settle();
    expect(told).toEqual([null]);
    wait();
    Wire.open[0]!.answer(413, problem('quota_exceeded'));
    await settle();
    expect(told).toEqual([null, null]);
    expect(attached.of(BOB).waiting).toBe(false);
    uploads.again(keyOf('b'));
    await settle();
    wait();
    Wire.open[0]!.answer(0, null);
    await settle();
    expect(attached.of(BOB).waiting).toBe(true);
    status$.next('online');
    await settle();
    Wire.open[0]!.answer(201, file('b'));
    await settle();
    expect(told).toEqual([null, null, ['a', 'b']]);
    uploads.clear(BOB);
    expect(held()).toEqual([]);
  });

  it('are ten at most', () => {
    attach(...'abcdefghijkl');
    expect(attached.of(BOB)).toMatchObject({ full: true });
    expect(held()).toHaveLength(10);
    uploads.remove(keyOf('a'));
    expect(attached.of(BOB)).toMatchObject({ full: false });
  });

  it('have the server’s own words for what is rare', () => {
    expect(reason(new Failure(problem('store_unavailable', { detail: 'The disk is full.' })))).toMatchObject({
      said: 'The disk is full.',
      unreached: false,
    });
  });
});
