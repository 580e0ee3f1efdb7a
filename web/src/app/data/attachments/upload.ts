import { BASE } from '../../core/base';
import { Failure, isProblem } from '../../core/http/problem';
import type { Attachment } from '../../protocol/protocol';
import { whenIdle } from './idle';

const NAME_BYTES = 255;
/**
 * Control characters, slashes, and what turns the direction of writing: the server takes none of them in a
 * name.
 */
const UNFIT = /[\p{Cc}/\\\u202a-\u202e\u2066-\u2069]/gu;

/** The name of a file as the server takes it; one that is too long keeps its ending. */
export function fitName(name: string): string {
  const fit = name
    .toWellFormed()
    .replace(UNFIT, '_')
    .replace(/^\.{0,2}$/, 'file');
  const [, stem = fit, ending = ''] = /^(.+)(\.[^.]{1,16})$/s.exec(fit) ?? [];
  const characters = [...stem];
  const encoder = new TextEncoder();
  while (encoder.encode(characters.join('') + ending).length > NAME_BYTES) characters.pop();
  return characters.join('') + ending;
}

/**
 * Past the service worker: a request through it tells of no progress, and the end of it does not reach the
 * server.
 */
export const BYPASS = 'ngsw-bypass';

export interface Uploading {
  readonly token: string;
  readonly signal: AbortSignal;
  /** From 0 to 1. */
  readonly progress: (done: number) => void;
}

/** An answer that is not the server's own: of a proxy before it. */
export class Refused extends Error {
  constructor(readonly status: number) {
    super(`HTTP ${status}`);
  }
}

/** Sends a file's bytes. `fetch` would not tell how many have gone. */
export function upload(file: File, { token, signal, progress }: Uploading): Promise<Attachment> {
  return new Promise((resolve, reject) => {
    // Taken back while it waited for its turn or a token: nobody will hear of it again.
    if (signal.aborted) return reject(new Failure(null));
    const request = new XMLHttpRequest();
    request.open('POST', `${BASE}/api/attachments?name=${encodeURIComponent(fitName(file.name))}`);
    request.setRequestHeader('authorization', `Bearer ${token}`);
    request.setRequestHeader(BYPASS, '');
    request.setRequestHeader('content-type', file.type || 'application/octet-stream');
    request.responseType = 'json';
    const idle = whenIdle(() => request.abort());
    request.upload.onprogress = ({ loaded, total }) => {
      idle.moved();
      progress(total > 0 ? loaded / total : 0);
    };
    request.onloadend = idle.done;
    request.onload = () => {
      const { status, response } = request;
      if (status === 201) resolve(response as Attachment);
      else reject(isProblem(response) ? new Failure(response) : new Refused(status));
    };
    request.onerror = request.onabort = () => reject(new Failure(null));
    signal.addEventListener('abort', () => request.abort());
    request.send(file);
  });
}
