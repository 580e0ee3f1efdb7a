import { execFileSync } from 'node:child_process';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';

import { DATA } from './servers.ts';

const TMPFS = 0x0102_1994;

export interface Machine {
  processor: string;
  cores: number;
  memoryGiB: number;
  kernel: string;
  /** Milliseconds from a write of 4 KiB to its being on the disk: half of the writes take no longer. */
  fsyncMs: number;
}

/** The processors this process may use, which are fewer than there are in many containers. */
export function allowedCpus(): number[] {
  const list = /Cpus_allowed_list:\s*(\S+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]!;
  return list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number);
    return Array.from({ length: last! - first! + 1 }, (_, index) => first! + index);
  });
}

export function machine(): Machine {
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: allowedCpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: `Linux ${release()}`,
    fsyncMs: fsyncMs(),
  };
}

export function versions(binary: string): Record<string, string> {
  const read = (path: string) => readFileSync(join(import.meta.dirname, '..', path), 'utf8');
  const installed = (name: string) =>
    (JSON.parse(read(`node_modules/${name}/package.json`)) as { version: string }).version;
  const lock = read('peers/Cargo.lock');
  const locked = (name: string) =>
    new RegExp(`name = "${name}"\nversion = "(.+)"`).exec(lock)?.[1] ?? 'unknown';
  return {
    aldis: run(binary, ['--version']).replace(/^aldis /, ''),
    rustc: run('rustc', ['--version']).split(' ')[1]!,
    node: process.versions.node,
    'socket.io': installed('socket.io'),
    socketioxide: locked('socketioxide'),
    fastwebsockets: locked('fastwebsockets'),
    tokio: locked('tokio'),
  };
}

/** The commit, marked where files differ from it. */
export function commit(): string {
  return run('git', ['describe', '--always', '--dirty', '--abbrev=12', '--exclude', '*']);
}

function run(command: string, args: string[]): string {
  return execFileSync(command, args, { cwd: import.meta.dirname, encoding: 'utf8' }).trim();
}

/** What the disk takes for a durable write: it bounds what one who waits for each can reach. */
function fsyncMs(): number {
  mkdirSync(DATA, { recursive: true });
  if (statfsSync(DATA).type === TMPFS)
    throw new Error(`${DATA} is in memory: nothing durable can be measured there`);
  const path = join(DATA, 'fsync');
  const file = openSync(path, 'w');
  const block = Buffer.alloc(4096, 'x');
  const times = Array.from({ length: 100 }, () => {
    const start = performance.now();
    writeSync(file, block);
    fsyncSync(file);
    return performance.now() - start;
  });
  closeSync(file);
  rmSync(path);
  return Number(times.sort((one, other) => one - other)[50]!.toFixed(2));
}
