import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { environment } from './process.ts';
import type { Report } from './reports.ts';
import { BINARY, DATA, type Running, SPEAKS } from './servers.ts';

export type Scenario = 'direct' | 'group' | 'connect' | 'idle' | 'flush' | 'fill' | 'storm';

/** What the load generator found, and how it was called. */
export interface Outcome {
  /** But for what differs from one run to the next: addresses, processes and files. */
  command: string;
  report?: Report;
  /** Why it gave up, or what it found broken. */
  error?: string;
}

export interface Load {
  server: Running;
  scenario: Scenario;
  options: Record<string, number | string>;
  cpus?: string | undefined;
  /** Where the latencies are drawn. */
  svg?: string;
}

/** Runs the load generator, a process of its own, and gives what it found. */
export async function load({ server, scenario, options, cpus, svg }: Load): Promise<Outcome> {
  const json = join(DATA, 'report.json');
  await rm(json, { force: true });
  const wanted = Object.entries(options).flatMap(([option, value]) => [`--${option}`, String(value)]);
  const own = [
    '--peer',
    SPEAKS[server.name],
    '--url',
    server.url,
    '--pid',
    String(server.pid),
    '--json',
    json,
    '--tokens',
    server.tokens,
  ];
  const pinned = cpus === undefined ? [] : ['taskset', '-c', cpus];
  const [file, ...args] = [
    ...pinned,
    BINARY,
    'bench',
    scenario,
    ...wanted,
    ...own,
    ...(svg ? ['--svg', svg] : []),
  ];
  const generator = spawn(file!, args, { env: environment(), stdio: ['ignore', 'ignore', 'pipe'] });
  const [said, [code]] = await Promise.all([text(generator.stderr!), once(generator, 'exit')]);

  const shown = Object.entries(options)
    .filter(([option]) => option !== 'pid-file')
    .map(([option, value]) => `--${option} ${typeof value === 'number' ? value : '…'}`);
  const command = [...pinned, 'aldis', 'bench', scenario, ...shown].join(' ');
  const report = await readFile(json, 'utf8').then(
    (found) => JSON.parse(found) as Report,
    () => undefined,
  );
  const error =
    code === 0 ? undefined : (/^(?:aldis|error): (.*)/m.exec(said)?.[1] ?? `it ended with ${code}`);
  return { command, ...(report && { report }), ...(error && { error }) };
}
