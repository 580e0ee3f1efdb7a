/**
 * From the results to what people read: a table on the terminal, and the generated part of
 * docs/performance.md.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

import {
  Figures,
  givenBack,
  growth,
  micros,
  perConnection,
  resumedAfter,
  type Results,
  text,
  thousands,
} from './figures.ts';
import type { Report } from './support/reports.ts';
import type { Name } from './support/servers.ts';

const DOCUMENT = join(import.meta.dirname, '../docs/performance.md');
const MARKERS = ['<!-- results -->', '<!-- /results -->'] as const;

const NAMES: Record<Name, string> = {
  sqlite: 'Aldis, SQLite',
  memory: 'Aldis, in memory',
  demo: 'demo (Node, socket.io)',
  socketioxide: 'socketioxide',
  relay: 'bare relay',
};

/** A column of a table of absolute figures. */
type Column = [name: string, digits: number, get: (report: Report) => number | undefined];

const CPU: Column = ['server CPU, µs', 2, ({ server }) => micros(server)];
const MESSAGES: Column[] = [
  CPU,
  ['messages/s', 0, ({ acknowledged }) => acknowledged?.perSecond],
  ['server, cores', 2, ({ server }) => server?.cores],
  ['load, cores', 2, ({ generator }) => generator?.cores],
  ['until delivered, ms: p50', 2, ({ deliveryLatency }) => deliveryLatency?.p50],
  ['p99', 2, ({ deliveryLatency }) => deliveryLatency?.p99],
  ['p99.9', 2, ({ deliveryLatency }) => deliveryLatency?.p999],
];

const CONNECT: Column[] = [
  CPU,
  ['connections/s', 0, ({ connected }) => connected?.perSecond],
  ['until ready, ms: p50', 2, ({ connectLatency }) => connectLatency?.p50],
  ['p99', 2, ({ connectLatency }) => connectLatency?.p99],
];

const IDLE: Column[] = [
  ['memory each, KiB', 2, perConnection],
  ['before, MiB', 1, ({ memoryBefore }) => mebibytes(memoryBefore?.rss)],
  ['with all, MiB', 1, ({ memoryHeld }) => mebibytes(memoryHeld?.rss)],
  ['after, MiB', 1, ({ memoryClosed }) => mebibytes(memoryClosed?.rss)],
  ['given back, %', 0, givenBack],
];

const FLUSH: Column[] = [
  CPU,
  ['messages/s', 0, ({ flushed }) => flushed?.perSecond],
  ['memory before, MiB', 1, ({ memoryDuringFlush }) => mebibytes(memoryDuringFlush?.rssBefore)],
  ['growth, MiB', 1, growth],
];

const STORM: Column[] = [
  ['until the last is back, s', 1, resumedAfter],
  ['from cut to back, s: p50', 1, ({ resumeLatency }) => resumeLatency && resumeLatency.p50 / 1000],
  ['p99', 1, ({ resumeLatency }) => resumeLatency && resumeLatency.p99 / 1000],
  ['attempts', 0, ({ attempts }) => attempts],
  ['memory at most, MiB', 1, ({ memoryPeak }) => mebibytes(memoryPeak?.rss)],
];

/** The lines against their targets, for a terminal. */
export function table(results: Results): string {
  const rows = new Figures(results)
    .rows()
    .map(({ line, what, against, target, measured, met }) => [line, what, against, target, measured, met]);
  const lines = [['', 'what', 'against', 'target', 'measured', 'met'], ...rows];
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Writes what was found between the markers of the document; its prose stays. */
export async function document(results: Results): Promise<void> {
  const before = await readFile(DOCUMENT, 'utf8').catch(() => `# Performance\n\n${MARKERS.join('\n')}\n`);
  const [from, to] = MARKERS.map((marker) => before.indexOf(marker)) as [number, number];
  if (from < 0 || to < from)
    throw new Error(`${relative(process.cwd(), DOCUMENT)} has no ${MARKERS.join(' and ')}`);
  await writeFile(
    DOCUMENT,
    `${before.slice(0, from + MARKERS[0].length)}\n\n${markdown(results)}\n\n${before.slice(to)}`,
  );
}

export function markdown(results: Results): string {
  const { machine, versions, sizes, runs } = results;
  const figures = new Figures(results);
  const list = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const parts = [
    `Measured by \`make bench\` on ${results.date.slice(0, 10)} at commit \`${results.commit}\`: ${machine.processor}, ${machine.cores} cores, ` +
      `${machine.memoryGiB} GiB, ${machine.kernel}; a durable write of 4 KiB takes ${machine.fsyncMs} ms. ${list.join(', ')}. ` +
      `Each figure is the median of ${sizes.passes} passes, with the least and the most of them.`,
    '### Against the targets',
    grid(
      ['', 'what', 'against', 'target', 'measured', 'met'],
      figures
        .rows()
        .map(({ line, what, against, target, measured, met }) => [
          line,
          what,
          against,
          target,
          `**${measured}**`,
          met,
        ]),
    ),
    'P10 (clusters) is not measured by it yet.',
    '### In figures',
  ];

  const absolute = (title: string, keys: string[], columns: Column[]) => {
    for (const key of keys) {
      const servers = (Object.keys(NAMES) as Name[]).filter((server) =>
        runs.some((run) => run.server === server && run.key === key),
      );
      if (!servers.length) continue;
      const rows = servers.map((server) => [
        NAMES[server],
        ...columns.map(([, digits, get]) => text(figures.spread(figures.of(server, key, get)), digits)),
      ]);
      const { command } = runs.find((run) => run.key === key)!;
      parts.push(
        `**${title}${keys.length > 1 ? `, ${key.replace('stored ', '')}` : ''}**`,
        `\`${key === 'half load' ? command.replace(/--rate \d+/, '--rate HALF') : command}\``,
        grid(['', ...columns.map(([name]) => name)], rows),
      );
    }
  };
  absolute('Direct messages with their acknowledgements', ['window 1', 'window 16'], MESSAGES);
  absolute('At half of the highest load', ['half load'], MESSAGES);
  absolute('At messages that are due whatever the server does', ['open loop'], MESSAGES);
  for (const { server } of runs.filter(({ key, pass }) => key === 'half load' && pass === 0)) {
    parts.push(`![Latencies of ${NAMES[server]} at half load](../bench/results/${server}-half-load.svg)`);
  }
  absolute('On all cores, shared with the load', ['all cores'], MESSAGES);
  absolute(
    `With ${thousands(sizes.stored)} messages stored`,
    ['stored window 1', 'stored window 16'],
    MESSAGES,
  );

  absolute(`Messages to a group of ${thousands(sizes.members)}; CPU of a delivery`, ['group'], MESSAGES);
  for (const connections of sizes.idle)
    absolute(`${thousands(connections)} idle connections`, [`idle ${connections}`], IDLE);
  absolute('Connecting', ['connect'], CONNECT);
  absolute(`Connecting with ${thousands(sizes.stored)} messages stored`, ['stored connect'], CONNECT);
  absolute(`Flush of ${thousands(sizes.flush)} messages to one client`, ['flush'], FLUSH);
  absolute(`${thousands(sizes.storm)} clients come back after a restart`, ['storm'], STORM);

  const failed = runs.filter(({ error }) => error !== undefined);
  const told = failed.map(
    ({ server, key, pass, error }) => `* ${NAMES[server]}, ${key}, pass ${pass + 1}: ${error}`,
  );
  if (failed.length) parts.push('### Failed', told.join('\n'));
  return parts.join('\n\n');
}

function mebibytes(bytes: number | undefined): number | undefined {
  return bytes && bytes / 2 ** 20;
}

function grid(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

if (import.meta.main) {
  const results = JSON.parse(
    await readFile(join(import.meta.dirname, 'results/latest.json'), 'utf8'),
  ) as Results;
  await document(results);
  console.log(table(results));
}
