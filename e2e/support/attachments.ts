// Uploads and downloads as programs make them, and what they leave on the disk.
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join as path } from 'node:path';

import { expect } from '@playwright/test';

import type { Attachment } from '../../web/src/app/protocol/protocol.ts';
import type { Aldis, Person } from './aldis.ts';

export const postTo = (on: Aldis, who: Person, bytes: Uint8Array | string, type: string, name = 'a file') =>
  fetch(`${on.url}/api/attachments?name=${encodeURIComponent(name)}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${who.token}`, ...(type ? { 'content-type': type } : {}) },
    body: typeof bytes === 'string' ? bytes : new Uint8Array(bytes),
  });

export async function uploadTo(
  on: Aldis,
  who: Person,
  bytes: Uint8Array | string,
  type: string,
  name?: string,
): Promise<Attachment> {
  const response = await postTo(on, who, bytes, type, name);
  expect(response.status, await response.clone().text()).toBe(201);
  return (await response.json()) as Attachment;
}

export const getFrom = (on: Aldis, who: Person, url: string, headers: Record<string, string> = {}) =>
  fetch(on.url + url, { headers: { authorization: `Bearer ${who.token}`, ...headers } });
export const bytesOf = async (response: Response) => Buffer.from(await response.arrayBuffer());

/** The files of a server, by the names of their folders and of themselves. */
export const filesOf = async (on: Aldis) =>
  (await readdir(path(on.data, 'attachments'), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => path(entry.parentPath, entry.name).slice(path(on.data, 'attachments').length + 1));
export const sha256 = (bytes: Uint8Array) =>
  createHash('sha256').update(bytes).digest('hex').replace(/^../, '$&/');
