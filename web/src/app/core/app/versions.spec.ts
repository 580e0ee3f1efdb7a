import { TestBed } from '@angular/core/testing';
import { BehaviorSubject } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { type Status, WebSocketService } from '../line/web-socket-service';
import { Versions } from './versions';

const status$ = new BehaviorSubject<Status>('connecting');
const posted = vi.fn();

/** As in a browser with workers, or without. */
function versions(workers: unknown): Versions {
  Object.defineProperty(navigator, 'serviceWorker', { value: workers, configurable: true });
  TestBed.resetTestingModule();
  TestBed.configureTestingModule({ providers: [{ provide: WebSocketService, useValue: { status$ } }] });
  return TestBed.inject(Versions);
}

class Workers extends EventTarget {
  readonly register = vi.fn(() => Promise.reject(new Error('there is none')));
  readonly controller = { postMessage: posted };
}

beforeEach(() => {
  vi.useFakeTimers();
  posted.mockClear();
  status$.next('connecting');
});

afterEach(() => {
  vi.useRealTimers();
  Reflect.deleteProperty(navigator, 'serviceWorker');
});

describe('versions', () => {
  it('are kept by a worker that comes after the page, and whose absence costs nothing', async () => {
    const workers = new Workers();
    versions(workers);
    expect(workers.register).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(workers.register).toHaveBeenCalledExactlyOnceWith('/ngsw-worker.js');
    expect(() => versions(undefined)).not.toThrow();
  });

  it('are asked for after each connection, and told once one is ready', () => {
    const workers = new Workers();
    const told: boolean[] = [];
    versions(workers).ready$.subscribe((ready) => told.push(ready));
    status$.next('online');
    expect(posted).toHaveBeenCalledWith(expect.objectContaining({ action: 'CHECK_FOR_UPDATES' }));
    workers.dispatchEvent(new MessageEvent('message', { data: { type: 'NO_NEW_VERSION_DETECTED' } }));
    expect(told).toEqual([false]);
    workers.dispatchEvent(new MessageEvent('message', { data: { type: 'VERSION_READY' } }));
    expect(told).toEqual([false, true]);
  });
});
