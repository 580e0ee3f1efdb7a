import { inject, Service } from '@angular/core';

import { Api } from '../../core/api/api';
import { BASE } from '../../core/base';
import { Database } from '../../core/disk/database';
import { Failure, isProblem } from '../../core/http/problem';
import { keepNewest } from '../../core/keep-newest';
import type { Attachment } from '../../protocol/protocol';
import { watched, whenIdle } from './idle';
import { PDF } from './playable';
import { BYPASS } from './upload';

/** Small pictures in memory; the one that was wanted longest ago goes first. */
const HELD = 200;
/** After so many more on the disk it is looked whether they are too many. */
const TRIM_EVERY = 50;
/** Long enough for a browser to begin saving, … */
const SAVED_WITHIN = 60_000;
/** … and to read a picture that is about to be shown: a long list asks for more at once than are held. */
const SHOWN_WITHIN = 30_000;

/**
 * The bytes of files that messages carry. They need the token, so a page shows them from objects of its own.
 */
@Service()
export class Files {
  private readonly api = inject(Api);
  private readonly database = inject(Database);
  private readonly held = new Map<string, Promise<string>>();
  private kept = 0;

  /** The address of a small picture within this page. What was seen once is there without a connection. */
  picture(url: string): Promise<string> {
    const picture = this.held.get(url) ?? this.small(url);
    const gone = keepNewest(this.held, url, picture, HELD);
    picture.catch(() => this.held.delete(url));
    void gone?.then(
      (address) => setTimeout(() => URL.revokeObjectURL(address), SHOWN_WITHIN),
      () => undefined,
    );
    return picture;
  }

  /** Pictures that are not shown any more, as those of somebody who has another one now. */
  async forget(urls: readonly string[]): Promise<void> {
    for (const url of urls) this.held.delete(url);
    const kept = await this.database.pictures();
    await Promise.all(urls.map((url) => kept?.delete(url).catch(() => undefined)));
  }

  /** A file as it is. */
  async bytes({ url }: Attachment, signal?: AbortSignal): Promise<Blob> {
    return (await this.fetch(url, signal)).blob();
  }

  /** Saves a file where the browser saves files. */
  async save(file: Attachment): Promise<void> {
    const address = URL.createObjectURL(await this.bytes(file));
    const link = Object.assign(document.createElement('a'), { href: address, download: file.name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), SAVED_WITHIN);
  }

  /**
   * Shows a PDF in a tab that was opened for it. Whatever the server says of it, the browser is told that it is one:
   * nothing in it becomes a page of ours. What does not begin as one is saved, and so is all where no tab opens.
   */
  async read(file: Attachment, tab: Window | null): Promise<void> {
    try {
      const bytes = await this.bytes(file);
      if (!tab || (await bytes.slice(0, 5).text()) !== '%PDF-') {
        tab?.close();
        return await this.save(file);
      }
      // It is there as long as this page is: the tab may be loaded again.
      tab.location.replace(URL.createObjectURL(new Blob([bytes], { type: PDF })));
    } catch (error) {
      tab?.close();
      throw error;
    }
  }

  /** Puts a picture into the clipboard, in the one format that all programs take from there. */
  async copy(file: Attachment): Promise<void> {
    // The promise, and not its outcome: the browser only lets a press write, and does not wait for bytes.
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': this.bytes(file).then(png) })]);
  }

  private async small(url: string): Promise<string> {
    const kept = await this.database.pictures();
    const found = await kept?.match(url);
    const answer = found ?? (await this.fetch(url));
    // Also what is there already: those that were looked at longest ago stay in front.
    const written = kept?.put(url, answer.clone()).catch(() => undefined);
    if (!found) await written;
    if (!found && ++this.kept % TRIM_EVERY === 0) void this.database.trimPictures().catch(() => undefined);
    return URL.createObjectURL(await answer.blob());
  }

  private fetch(url: string, signal?: AbortSignal): Promise<Response> {
    return this.api.authorized(async (token) => {
      const abort = new AbortController();
      const stop = () => abort.abort();
      const idle = whenIdle(stop);
      signal?.addEventListener('abort', stop);
      const headers = { authorization: `Bearer ${token}`, [BYPASS]: '' };
      const answer = await fetch(BASE + url, {
        headers,
        cache: 'no-store',
        credentials: 'omit',
        signal: abort.signal,
      }).catch(() => null);
      if (answer?.ok) return watched(answer, idle);
      const problem: unknown = await answer?.json().catch(() => null);
      idle.done();
      throw new Failure(isProblem(problem) ? problem : null);
    });
  }
}

async function png(bytes: Blob): Promise<Blob> {
  if (bytes.type === 'image/png') return bytes;
  const picture = await createImageBitmap(bytes);
  const { width, height } = picture;
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  canvas.getContext('2d')?.drawImage(picture, 0, 0);
  picture.close();
  return new Promise((done, failed) =>
    canvas.toBlob((blob) => (blob ? done(blob) : failed(new Error('no picture'))), 'image/png'),
  );
}
