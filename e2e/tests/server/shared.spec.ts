/** What a conversation's messages share: pictures and films, other files, links. */
import { expect, test } from '@playwright/test';

import type { Attachment, Message, Page } from '../../../web/src/app/protocol/protocol.ts';
import { Aldis, type Person } from '../../support/aldis.ts';
import { refused } from '../../support/check.ts';
import { png } from '../../support/png.ts';

for (const memory of [false, true]) {
  test.describe(memory ? 'in memory' : 'on disk', () => {
    let aldis: Aldis;
    test.beforeAll(async () => void (aldis = await Aldis.start(memory ? ['--memory'] : [])));
    test.afterAll(() => aldis.end());

    async function upload({ token }: Person, type: string, bytes: string | Buffer<ArrayBuffer>) {
      const response = await fetch(`${aldis.url}/api/attachments?name=file`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': type },
        body: bytes,
      });
      return ((await response.json()) as Attachment).id;
    }

    const say = ({ token }: Person, to: object, text: string, attachments: string[] = []) =>
      aldis.call<Message>('POST', '/api/messages', { ...to, text, attachments }, token);
    const path = (id: string, query: string) => `/api/conversations/${id}/attachments?${query}`;
    const page = ({ token }: Person, id: string, query: string) =>
      aldis.call<Page<Message>>('GET', path(id, query), undefined, token);
    const seqs = async (who: Person, id: string, kind: string) =>
      (await page(who, id, `kind=${kind}`)).items.map(({ seq }) => seq);

    test('what was shared is listed by kind, as it is now', async () => {
      const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
      const to = { receiver: bob.username };
      const photo = await upload(ann, 'image/png', Buffer.from(png(9, 9)));
      const note = await upload(ann, 'text/plain', 'a note');
      const first = await say(ann, to, 'look', [photo]); // 1
      const id = first.conversationId;
      await say(ann, to, 'words'); // 2
      const both = await say(bob, { conversationId: id }, 'see https://aldis.example/x.'); // 3
      await say(ann, to, '', [note, photo]); // 4
      expect(await seqs(bob, id, 'media')).toEqual([4, 1]);
      expect(await seqs(bob, id, 'files')).toEqual([4]);
      expect(await seqs(ann, id, 'links')).toEqual([3]);
      const { items } = await page(bob, id, 'kind=media&limit=1');
      expect(items[0]).toEqual((await aldis.messages(bob, id)).find(({ seq }) => seq === 4));

      const message = (id: string) => `/api/conversations/${first.conversationId}/messages/${id}`;
      await aldis.call('DELETE', message(first.id), undefined, ann.token);
      await aldis.call('PATCH', message(both.id), { text: 'nothing' }, bob.token);
      expect(await seqs(bob, id, 'media')).toEqual([4]);
      expect(await seqs(bob, id, 'links')).toEqual([]);
    });

    test('it pages to its end', async () => {
      const ann = await aldis.person('ann');
      const to = { receiver: ann.username };
      const { conversationId: id } = await say(ann, to, 'a note');
      for (let count = 0; count < 5; count++) await say(ann, to, `www.aldis.example/${count}`);
      const found: string[] = [];
      let next: string | undefined = '';
      for (let pages = 0; next !== undefined; pages++) {
        expect(pages).toBeLessThan(3);
        const query: string = next ? `kind=links&limit=2&next=${next}` : 'kind=links&limit=2';
        const { items, next: more }: Page<Message> = await page(ann, id, query);
        found.push(...items.map(({ text }) => text.slice(-1)));
        next = more;
      }
      expect(found).toEqual(['4', '3', '2', '1', '0']);
    });

    test('who joins sees what they may read, who leaves nothing, and a block hides', async () => {
      const people = await Promise.all(['ann', 'bob', 'eve'].map((name) => aldis.person(name)));
      const [ann, bob, eve] = people as [Person, Person, Person];
      const group = await aldis.group('Crew', [ann, bob]);
      const to = { conversationId: group.id };
      const member = `/api/conversations/${group.id}/members`;
      const early = await say(ann, to, 'https://early.example');
      await aldis.call('PUT', `${member}/${eve.username}`, {}, ann.token);
      const late = await say(ann, to, 'https://late.example');
      expect(await seqs(bob, group.id, 'links')).toEqual([late.seq, early.seq]);
      expect(await seqs(eve, group.id, 'links')).toEqual([late.seq]);
      await aldis.call('DELETE', `${member}/${bob.username}`, undefined, ann.token);
      const ask = (who: Person, query: string) =>
        aldis.request('GET', path(group.id, query), undefined, who.token);
      await refused(ask(bob, 'kind=links'), 404, 'not_found');

      const { conversationId } = await say(ann, { receiver: eve.username }, 'https://seen.example');
      await aldis.call('PUT', `/api/blocks/${ann.username}`, undefined, eve.token);
      await say(ann, { receiver: eve.username }, 'https://hidden.example');
      expect(await seqs(eve, conversationId, 'links')).toEqual([1]);
      expect(await seqs(ann, conversationId, 'links')).toEqual([2, 1]);

      await refused(ask(ann, ''), 422, 'invalid');
      await refused(ask(ann, 'kind=all'), 422, 'invalid');
      await refused(ask(ann, 'kind=links&next=x'), 400, 'cursor_invalid');
      await refused(ask(ann, 'kind=links&limit=0'), 422, 'invalid');
    });
  });
}
