// Writes src/styles/fonts/figtree-basic.woff2: the letters of the font that the interface itself has, and the weights
// that it uses (tokens.css). It is about half of what a first visit would fetch of the font; font.css says what is
// fetched for other letters, and has the same ranges.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

import subsetFont from 'subset-font';

const WEIGHTS = { min: 400, max: 700 };
const LETTERS = [
  [0x20, 0x7e],
  [0xa0, 0xa0],
  [0xab, 0xab],
  [0xb7, 0xb7],
  [0xbb, 0xbb],
  [0x2013, 0x2014],
  [0x2018, 0x201a],
  [0x201c, 0x201e],
  [0x2022, 0x2022],
  [0x2026, 0x2026],
  [0x2191, 0x2191],
  [0x2193, 0x2193],
];

const source = '../node_modules/@fontsource-variable/figtree/files/figtree-latin-wght-normal.woff2';
const letters = LETTERS.flatMap(([first, last]) =>
  Array.from({ length: last - first + 1 }, (_, offset) => String.fromCodePoint(first + offset)),
);
const font = await subsetFont(readFileSync(new URL(source, import.meta.url)), letters.join(''), {
  targetFormat: 'woff2',
  variationAxes: { wght: WEIGHTS },
  noLayoutClosure: true,
});
const folder = new URL('../src/styles/fonts/', import.meta.url);
mkdirSync(folder, { recursive: true });
writeFileSync(new URL('figtree-basic.woff2', folder), font);
