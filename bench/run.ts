/**
 * Measures Aldis against the peers. README.md says what and how to read it.
 *
 *   node run.ts                 everything; writes results/latest.json and docs/performance.md
 *   node run.ts --only p1,p4    these lines; writes results/quick.json
 *   QUICK=1 node run.ts         one short pass that shows that everything works; the same
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { MOST_ACCOUNTS, type Job, type Line, LINES, type Measure, plan, QUICK, WHOLE } from './plan.ts';
import type { Results, Run } from './figures.ts';
import { document, table } from './report.ts';
import { load, type Scenario } from './support/load.ts';
import { allowedCpus, commit, machine, versions } from './support/machine.ts';
import { BINARY, DATA, Running } from './support/servers.ts';

const RESULTS = join(import.meta.dirname, 'results');
const ACCOUNTS = join(DATA, 'accounts');
const MESSAGES = join(DATA, 'messages');

const { values } = parseArgs({ options: { only: { type: 'string', default: LINES.join() } } });
const lines = values.only.split(',') as Line[];
const unknown = lines.find((line) => !LINES.includes(line));
if (unknown !== undefined) throw new Error(`--only takes some of ${LINES.join()}, not ${unknown}`);
const quick = Boolean(process.env['QUICK']);
const whole = !quick && lines.length === LINES.length;
const sizes = quick ? QUICK : WHOLE;

// The server gets a processor and the load another one, so that neither takes the other's.
const [first, second] = allowedCpus();
if (second === undefined) console.log('There is one processor only: the load will take from the server.');
const [serverCpu, loadCpu] = second === undefined ? [] : [String(first), String(second)];

const results: Results = {
  date: new Date().toISOString(),
  commit: commit(),
  quick,
  sizes,
  machine: machine(),
  versions: versions(BINARY),
  runs: [],
};

await rm(DATA, { recursive: true, force: true });
await mkdir(RESULTS, { recursive: true });
if (loadavg()[0]! > 0.5) console.log(`Something else is running: the load is ${loadavg()[0]!.toFixed(1)}.`);

const jobs = plan(sizes, lines);
const passes = Array.from({ length: sizes.passes }, (_, pass) =>
  jobs.filter((job) => pass === 0 || !job.once).map((job) => task(job, pass)),
);
await all([...setups(), ...passes.flat()]);
await rm(DATA, { recursive: true, force: true });

await writeFile(join(RESULTS, whole ? 'latest.json' : 'quick.json'), JSON.stringify(results, null, 1) + '\n');
console.log(`\n${table(results)}`);
if (whole) await document(results);
if (results.runs.some(({ error }) => error !== undefined)) process.exitCode = 1;

interface Task {
  name: string;
  /** About how long it takes. */
  seconds: number;
  run(): Promise<void>;
}

/** Says what is being done, and how long all the rest will take as things went so far. */
async function all(tasks: Task[]): Promise<void> {
  const start = Date.now();
  const total = tasks.reduce((sum, { seconds }) => sum + seconds, 0);
  let done = 0;
  for (const { name, seconds, run } of tasks) {
    const pace = done > 30 ? (Date.now() - start) / 1000 / done : 1;
    const minutes = Math.ceil(((total - done) * pace) / 60);
    console.log(`${new Date().toTimeString().slice(0, 8)} ${name}; about ${minutes} min left`);
    await run();
    done += seconds;
  }
}

/** What has to be there before the first pass. */
function setups(): Task[] {
  const wanted = [
    ...(lines.includes('p4') ? sizes.idle : []),
    ...(lines.includes('p9') ? [sizes.storm] : []),
  ];
  const accounts = Math.max(2 * sizes.pairs, Math.min(Math.max(0, ...wanted), MOST_ACCOUNTS));
  const register: Task = {
    name: `registering ${accounts} accounts`,
    seconds: accounts * 0.03,
    run: () => prepare(ACCOUNTS, undefined, [['connect', { connections: accounts, accounts }]]),
  };
  const { pairs, stored } = sizes;
  const store: Task = {
    name: `storing ${stored} messages`,
    seconds: stored / 20_000,
    run: () =>
      prepare(MESSAGES, ACCOUNTS, [
        ['fill', { messages: stored, pairs }],
        // What was stored is received, too: what waits is not what is to be measured.
        ['connect', { connections: 2 * pairs, accounts: 2 * pairs, concurrency: 8 }],
      ]),
  };
  const needed = (stored: Job['stored']) => jobs.some((job) => job.stored === stored);
  return [
    ...(needed('accounts') || needed('messages') ? [register] : []),
    ...(needed('messages') ? [store] : []),
  ];
}

/** Makes a folder with what a server has after this was done to it. */
async function prepare(
  folder: string,
  copy: string | undefined,
  steps: [Scenario, Record<string, number>][],
): Promise<void> {
  const server = await Running.start('sqlite', { folder, copy });
  try {
    for (const [scenario, options] of steps) {
      const { error } = await load({ server, scenario, options });
      if (error) throw new Error(`${scenario}: ${error}`);
    }
  } finally {
    await server.end();
  }
}

function task(job: Job, pass: number): Task {
  return {
    name: `pass ${pass + 1} of ${sizes.passes}: ${job.server}: ${job.name}`,
    seconds: job.seconds,
    run: () => perform(job, pass),
  };
}

async function perform(job: Job, pass: number): Promise<void> {
  const server = await Running.start(job.server, {
    cpus: job.unpinned ? undefined : serverCpu,
    ...(job.stored === 'messages'
      ? { folder: MESSAGES }
      : job.stored === 'accounts'
        ? { copy: ACCOUNTS }
        : {}),
  });
  const measure: Measure = async (key, scenario, options, svg = false) => {
    const picture = svg
      ? join(RESULTS, `${whole ? '' : 'quick-'}${job.server}-${key.replaceAll(' ', '-')}.svg`)
      : undefined;
    const outcome = await load({
      server,
      scenario,
      options,
      cpus: job.unpinned ? undefined : loadCpu,
      ...(picture && { svg: picture }),
    });
    results.runs.push({ pass, server: job.server, key, ...outcome } satisfies Run);
    if (outcome.error) console.log(`  ${key}: ${outcome.error}`);
    return outcome;
  };
  try {
    await job.measure(measure, server);
  } finally {
    await server.end();
  }
}
