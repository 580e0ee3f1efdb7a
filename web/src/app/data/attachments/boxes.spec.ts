import { describe, expect, it, vi } from 'vitest';

import type { Attachment } from '../../protocol/protocol';
import { file, picture } from '../../testing/attachment';
import { boxesOf } from './boxes';

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
});
