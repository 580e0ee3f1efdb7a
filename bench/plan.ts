import type { Outcome, Scenario } from './support/load.ts';
import type { Name, Running } from './support/servers.ts';

/** The lines of the table of targets that are measured here, and how far a second core goes. */
export const LINES = ['p1', 'p2', 'p3', 'p4', 'p5', 'p6', 'p7', 'p8', 'p9', 'p14', 'cores'] as const;

export type Line = (typeof LINES)[number];

/** How much is done. */
export interface Sizes {
  passes: number;
  pairs: number;
  /** Of each measurement, and before it. */
  seconds: number;
  warmup: number;
  idle: number[];
  /** Of a group. */
  members: number;
  /** Messages a second that are due whatever the server does. */
  rate: number;
  connections: number;
  flush: number;
  stored: number;
  storm: number;
}

export const WHOLE: Sizes = {
  passes: 3,
  pairs: 500,
  seconds: 5,
  warmup: 2,
  idle: [5_000, 10_000],
  members: 1_000,
  rate: 3_000,
  connections: 2_000,
  flush: 100_000,
  stored: 5_000_000,
  storm: 10_000,
};

/** Shows that everything works; its figures say little. */
export const QUICK: Sizes = {
  passes: 1,
  pairs: 100,
  seconds: 2,
  warmup: 1,
  idle: [1_000],
  members: 200,
  rate: 1_000,
  connections: 500,
  flush: 20_000,
  stored: 100_000,
  storm: 1_000,
};

/** The most that are registered, at two password hashes each; past it, connections share them. */
export const MOST_ACCOUNTS = 5_000;

/** Measures a server that runs, under a name for what is measured. */
export type Measure = (
  key: string,
  scenario: Scenario,
  options: Record<string, number | string>,
  svg?: boolean,
) => Promise<Outcome>;

/** What is done with one start of one server. */
export interface Job {
  name: string;
  server: Name;
  /** The lines that need it. */
  lines: readonly Line[];
  /** About how long it takes. */
  seconds: number;
  /** What is in the database: nothing, the accounts, or the accounts and millions of messages. */
  stored?: 'accounts' | 'messages';
  /** On all processors, and not on one of its own. */
  unpinned?: boolean;
  /** In the first pass only. */
  once?: boolean;
  measure(measure: Measure, server: Running): Promise<void>;
}

/**
 * What a pass does, in this order: every server in turn, so that whatever else the machine does hits all
 * alike.
 */
export function plan(sizes: Sizes, lines: readonly Line[]): Job[] {
  const { pairs, seconds, warmup } = sizes;
  const direct = { pairs, seconds, warmup };
  const one = seconds + warmup + 2;
  const accounts = (server: Name) => (server === 'sqlite' ? { stored: 'accounts' as const } : {});
  // Each account costs the hashes of two passwords.
  const register = (server: Name) => (server === 'memory' ? 2 * pairs * 0.05 : 0);

  const messages = (server: Name, lines: Line[]): Job => ({
    name: 'messages',
    server,
    lines,
    seconds: (2 + Number(lines.includes('p7')) + Number(lines.includes('p14'))) * one + register(server),
    ...accounts(server),
    async measure(measure) {
      const rates: number[] = [];
      for (const window of [1, 16]) {
        const { report } = await measure(`window ${window}`, 'direct', { ...direct, window });
        rates.push(report?.acknowledged?.perSecond ?? 0);
      }
      // Messages that are due at times of their own come singly, as with a window of 1: that is the load to
      // halve.
      const rate = Math.floor((rates[0] ?? 0) / 2);
      if (lines.includes('p7') && rate > 0) await measure('half load', 'direct', { ...direct, rate }, true);
      if (lines.includes('p14')) await measure('open loop', 'direct', { ...direct, rate: sizes.rate });
    },
  });

  const cores = (server: Name): Job => ({
    name: 'messages on all cores',
    server,
    lines: ['cores'],
    seconds: one + register(server),
    unpinned: true,
    ...accounts(server),
    async measure(measure) {
      await measure('all cores', 'direct', { ...direct, window: 16 });
    },
  });

  // A process for each size: what it was before would be in its memory.
  const idle = (server: Name, connections: number): Job => ({
    name: `${connections} idle connections`,
    server,
    lines: ['p4'],
    seconds: 12 + connections / 500,
    // The larger size shows whether it grows evenly; once is enough for that.
    once: connections > MOST_ACCOUNTS,
    ...accounts(server),
    async measure(measure) {
      await measure(`idle ${connections}`, 'idle', {
        connections,
        accounts: Math.min(connections, MOST_ACCOUNTS),
        hold: 5,
      });
    },
  });

  const connect = (server: Name): Job => ({
    name: 'connecting',
    server,
    lines: server === 'sqlite' ? ['p5', 'p8'] : ['p5'],
    seconds: 5 + sizes.connections / 300,
    ...accounts(server),
    async measure(measure) {
      await measure('connect', 'connect', {
        connections: sizes.connections,
        concurrency: 32,
        accounts: 2 * pairs,
      });
    },
  });

  const flush = (server: Name): Job => ({
    name: 'flush',
    server,
    lines: ['p6'],
    seconds: 5 + sizes.flush / 10_000,
    ...accounts(server),
    async measure(measure) {
      await measure('flush', 'flush', { messages: sizes.flush });
    },
  });

  const group = (server: Name): Job => ({
    name: 'a group',
    server,
    lines: ['p3'],
    seconds: one + sizes.members / 100,
    ...accounts(server),
    async measure(measure) {
      await measure('group', 'group', { members: sizes.members, window: 4, seconds, warmup });
    },
  });

  const history: Job = {
    name: 'messages and connecting with much stored',
    server: 'sqlite',
    lines: ['p8'],
    seconds: 2 * one + 10,
    stored: 'messages',
    async measure(measure) {
      for (const window of [1, 16]) await measure(`stored window ${window}`, 'direct', { ...direct, window });
      // Each passes over once what it sent just now, which is not what is to be measured.
      const everybody = { concurrency: 32, accounts: 2 * pairs };
      await measure('stored connect, first', 'connect', { ...everybody, connections: 2 * pairs });
      await measure('stored connect', 'connect', { ...everybody, connections: sizes.connections });
    },
  };

  const storm: Job = {
    name: 'reconnect storm',
    server: 'sqlite',
    lines: ['p9'],
    seconds: 20 + sizes.storm / 300,
    stored: 'accounts',
    once: true,
    async measure(measure, server) {
      // The generator says when: it sends this process a signal.
      const restart = () => void server.restart();
      process.once('SIGUSR2', restart);
      await measure('storm', 'storm', {
        connections: sizes.storm,
        accounts: Math.min(sizes.storm, MOST_ACCOUNTS),
        'restart-command': `kill -USR2 ${process.pid}`,
        'pid-file': server.pidFile,
      });
      process.off('SIGUSR2', restart);
    },
  };

  const jobs = [
    messages('sqlite', ['p1', 'p7', 'p8', 'p14', 'cores']),
    messages('demo', ['p1', 'p14']),
    messages('memory', ['p2', 'p7', 'p14', 'cores']),
    messages('relay', ['p2']),
    messages('socketioxide', ['p1', 'p2']),
    cores('sqlite'),
    ...(['sqlite', 'memory', 'demo', 'socketioxide'] as const).map(group),
    ...sizes.idle.flatMap((connections) =>
      (['sqlite', 'demo', 'socketioxide', 'relay'] as const).map((server) => idle(server, connections)),
    ),
    ...(['sqlite', 'demo', 'socketioxide', 'relay'] as const).map(connect),
    ...(['sqlite', 'memory'] as const).map(flush),
    history,
    storm,
  ];
  return jobs.filter((job) => job.lines.some((line) => lines.includes(line)));
}
