import { expect, it } from 'vitest';

import { findLinks } from '../../core/format/links';
import type { Attachment } from '../../protocol/protocol';
import { message } from '../../testing/conversation';
import { filesOf, linksOf, monthsOf } from './items';

const file = (id: string, type: string, more: Partial<Attachment> = {}): Attachment => ({
  id,
  name: id,
  type,
  size: 1,
  url: `/api/attachments/${id}`,
  ...more,
});
const photo = (id: string) => file(id, 'image/png', { thumbnailUrl: '/small', width: 9, height: 9 });
const links = (text: string) => linksOf(message(1, 'bob', { text }), findLinks(text));

it('pictures and films are told from other files, and stand in their months', () => {
  const [november, march, older] = ['2026-11-20', '2026-03-10', '2025-03-10'].map((day, index) =>
    message(9 - index, 'bob', {
      timestamp: `${day}T12:00:00.000Z`,
      attachments: [photo(`p${index}`), file(`t${index}`, 'text/plain'), file(`v${index}`, 'video/webm')],
    }),
  );
  const all = [november!, march!, older!];
  expect(filesOf(all, 'files').map((item) => item.file.id)).toEqual(['t0', 't1', 't2']);
  // A picture of which there is no small one is a file.
  expect(filesOf([message(1, 'bob', { attachments: [file('h', 'image/heic')] })], 'media')).toEqual([]);
  const months = monthsOf(filesOf(all, 'media'));
  expect(months.map(({ heading, files }) => [heading, files.map((item) => item.file.id)])).toEqual([
    ['November 2026', ['p0', 'v0']],
    ['March 2026', ['p1', 'v1']],
    ['March 2025', ['p2', 'v2']],
  ]);
});

it('a link says where it leads, and what was said around it', () => {
  expect(links('https://www.aldis.example/a%20b?c=d#e')).toMatchObject([
    { title: 'aldis.example/a%20b?c=d#e', host: 'www.aldis.example', text: '' },
  ]);
  expect(links('See aldis.org/kl%C3%A4r, please')).toMatchObject([
    {
      title: 'aldis.org/klär',
      host: 'aldis.org',
      text: 'See aldis.org/klär, please'.replace('klär', 'kl%C3%A4r'),
    },
  ]);
  // The title of a host alone is enough.
  expect(links('aldis.org')).toMatchObject([{ title: 'aldis.org', host: '', href: 'https://aldis.org' }]);
  // What looks like another host is written so that it does not; mail is no place of the web.
  expect(links('https://аррӏе.com/x')[0]!.host).toBe('xn--80ak6aa92e.com');
  expect(links('ann@aldis.example')).toEqual([]);
});

it('of a long text the part around the link is shown', () => {
  const [link] = links(`${'before '.repeat(40)}https://aldis.example ${'behind '.repeat(40)}`);
  expect(link!.text).toMatch(/^…before (before )*https:\/\/aldis\.example (behind )*\S*…$/);
  expect(link!.text.length).toBeLessThan(210);
});
