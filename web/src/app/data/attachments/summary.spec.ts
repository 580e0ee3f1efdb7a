import { describe, expect, it } from 'vitest';

import { file, picture } from '../../testing/attachment';
import { fileKind, fileSize } from './size';
import { carried, summary } from './summary';
import { fitName } from './upload';

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
