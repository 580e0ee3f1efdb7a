// What the tests of attachments share.
import type { Locator, Page } from '@playwright/test';

import type { Attachment, Message } from '../../web/src/app/protocol/protocol.ts';
import type { Aldis, Person } from './aldis.ts';
import { png } from './png.ts';
import { expect } from './web.ts';

export interface Chosen {
  name: string;
  mimeType: string;
  buffer: Buffer;
}

export const picture = (name: string, width = 600, height = 400): Chosen => ({
  name,
  mimeType: 'image/png',
  buffer: png(width, height),
});
export const text = (name: string, content = 'Aye'): Chosen => ({
  name,
  mimeType: 'text/plain',
  buffer: Buffer.from(content),
});

/** What a person does with files. */
export class Files {
  readonly tray: Locator;

  constructor(readonly page: Page) {
    this.tray = page.getByRole('list', { name: 'Attached files' }).getByRole('listitem');
  }

  get waiting(): Locator {
    return this.page.getByRole('button', { name: 'Do not send yet' });
  }

  /** With the picker of the browser. */
  async choose(...files: Chosen[]): Promise<void> {
    const picker = this.page.waitForEvent('filechooser');
    await this.page.getByRole('button', { name: 'Attach files' }).click();
    await (await picker).setFiles(files);
  }

  /** Drags files over the chat, or lets go of them there. */
  async drag(event: 'dragover' | 'dragleave' | 'drop', names: string[]): Promise<void> {
    const dataTransfer = await this.page.evaluateHandle((names) => {
      const data = new DataTransfer();
      for (const name of names) data.items.add(new File(['dropped'], name, { type: 'text/plain' }));
      return data;
    }, names);
    await this.page.locator('aldis-message-list').dispatchEvent(event, { dataTransfer });
  }

  async paste(into: Locator, bytes: Buffer, also: string[] = []): Promise<void> {
    await into.evaluate(
      (field, [bytes, also]) => {
        const data = new DataTransfer();
        for (const type of also) data.setData(type, 'text');
        data.items.add(new File([Uint8Array.from(bytes)], 'image.png', { type: 'image/png' }));
        field.dispatchEvent(
          new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }),
        );
      },
      [[...bytes], also] as const,
    );
  }
}

export const UPLOAD = /\/api\/attachments\?/;
export const SMALL = /\/thumbnail$/;

async function upload(aldis: Aldis, who: Person, { name, mimeType, buffer }: Chosen): Promise<Attachment> {
  const answer = await fetch(`${aldis.url}/api/attachments?name=${encodeURIComponent(name)}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${who.token}`, 'content-type': mimeType },
    body: new Uint8Array(buffer),
  });
  return (await answer.json()) as Attachment;
}

/** Sends without a browser. */
export async function send(
  aldis: Aldis,
  from: Person,
  to: Person,
  said: string,
  ...files: Chosen[]
): Promise<Message> {
  const attachments: string[] = [];
  for (const file of files) attachments.push((await upload(aldis, from, file)).id);
  return aldis.call('POST', '/api/messages', { receiver: to.username, text: said, attachments }, from.token);
}

export const annAndBob = async (aldis: Aldis) =>
  [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')] as const;

/** Whether the picture of this name is on the screen and painted. */
export const painted = (page: Page, name: string) =>
  expect
    .poll(() =>
      page
        .getByRole('button', { name: `Open photo ${name}` })
        .locator('img')
        .evaluateAll((all) => all.length === 1 && (all[0] as HTMLImageElement).naturalWidth > 0),
    )
    .toBe(true);
