import { Service } from '@angular/core';

import { keepNewest } from '../keep-newest';
import type { Token } from './languages';

const LONGEST = 20 * 1024;
/** Some code makes an expression try for ever: it stays plain. */
const PATIENCE = 2_000;
/** The library comes over a slow network, too; what waits for it is only colour. */
const START = 30_000;
const KEPT = 50;

/**
 * Finds what is what in code, in a thread of its own: however long it takes, the page does not wait. The
 * library is loaded with the first code in a language that it knows.
 */
@Service()
export class Highlighter {
  private worker: Promise<Worker> | null = null;
  private turn: Promise<unknown> = Promise.resolve();
  private readonly found = new Map<string, Promise<readonly Token[]>>();

  tokens(code: string, grammar: string): Promise<readonly Token[]> {
    if (code.length > LONGEST) return Promise.resolve([]);
    const key = `${grammar}\n${code}`;
    const known = this.found.get(key);
    if (known) return known;
    const tokens = this.turn
      .then(() => this.ask(code, grammar))
      // The worker did not start: the next code, and this one the next time it is shown, try it again.
      .catch(() => {
        this.found.delete(key);
        return [];
      });
    this.turn = tokens;
    keepNewest(this.found, key, tokens, KEPT);
    return tokens;
  }

  private async ask(code: string, grammar: string): Promise<readonly Token[]> {
    this.worker ??= start();
    const worker = await this.worker.catch((error: unknown) => {
      this.worker = null;
      throw error;
    });
    return new Promise((resolve) => {
      const give = (tokens: readonly Token[]) => {
        clearTimeout(timer);
        resolve(tokens);
      };
      const giveUp = () => {
        worker.terminate();
        this.worker = null;
        give([]);
      };
      const timer = setTimeout(giveUp, PATIENCE);
      worker.onmessage = ({ data }: MessageEvent<readonly Token[]>) => give(data);
      worker.onerror = giveUp;
      worker.postMessage({ code, grammar });
    });
  }
}

async function start(): Promise<Worker> {
  const worker = new Worker(new URL('./highlight.worker', import.meta.url), { type: 'module' });
  try {
    await new Promise((started, failed) => {
      worker.onmessage = started;
      worker.onerror = failed;
      setTimeout(failed, START);
    });
    return worker;
  } catch (error) {
    worker.terminate();
    throw error;
  }
}
