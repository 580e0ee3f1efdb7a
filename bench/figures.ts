/** From the reports of all passes to the figures of the tables. */
import type { Sizes } from './plan.ts';
import type { Outcome } from './support/load.ts';
import type { Machine } from './support/machine.ts';
import type { Report, Use } from './support/reports.ts';
import type { Name } from './support/servers.ts';

export interface Run extends Outcome {
  pass: number;
  server: Name;
  /** What was measured. */
  key: string;
}

export interface Results {
  date: string;
  commit: string;
  quick: boolean;
  sizes: Sizes;
  machine: Machine;
  versions: Record<string, string>;
  runs: Run[];
}

/** The middle of the passes, and how far they are apart. */
export interface Spread {
  median: number;
  least: number;
  most: number;
}

/** A line of the table of targets. */
export interface Row {
  line: string;
  what: string;
  against: string;
  target: string;
  measured: string;
  met: string;
}

/** A figure of one pass; none where it was not measured or failed. */
type Figure = (pass: number) => number | undefined;

export class Figures {
  readonly #results: Results;

  constructor(results: Results) {
    this.#results = results;
  }

  run(server: Name, key: string, pass: number): Run | undefined {
    return this.#results.runs.find((run) => run.server === server && run.key === key && run.pass === pass);
  }

  of(server: Name, key: string, get: (report: Report) => number | undefined): Figure {
    return (pass) => {
      const report = this.run(server, key, pass)?.report;
      return report && get(report);
    };
  }

  spread(figure: Figure): Spread | undefined {
    const values = Array.from({ length: this.#results.sizes.passes }, (_, pass) => figure(pass)).filter(
      (value) => value !== undefined,
    );
    values.sort((one, other) => one - other);
    const [middle, upper] = [values[(values.length - 1) >> 1], values[values.length >> 1]];
    if (middle === undefined || upper === undefined) return undefined;
    return { median: (middle + upper) / 2, least: values[0]!, most: values.at(-1)! };
  }

  /** The table of targets; what was not measured is left out. */
  rows(): Row[] {
    const { sizes } = this.#results;
    const cpu = (server: Name, key: string) => this.of(server, key, ({ server }) => micros(server));
    const rows: (Row | undefined)[] = [];
    const add = (line: string, what: string, against: string, figure: Figure, limit: Limit) => {
      rows.push(this.#row(line, what, against, figure, limit));
    };

    for (const [key, most] of [
      ['window 1', 0.45],
      ['window 16', 0.3],
    ] as const) {
      add(
        'P1',
        `direct message, durable, ${key}: server CPU`,
        'demo',
        ratio(cpu('sqlite', key), cpu('demo', key)),
        times(most),
      );
    }
    for (const [key, most] of [
      ['window 1', 1.4],
      ['window 16', 3],
    ] as const) {
      add(
        'P2',
        `direct message, in memory, ${key}: server CPU`,
        'bare relay',
        ratio(cpu('memory', key), cpu('relay', key)),
        times(most),
      );
    }
    const group = `message to a group of ${thousands(sizes.members)}, all connected`;
    for (const [server, most, where] of [
      ['sqlite', 0.2, 'durable'],
      ['memory', 0.15, 'in memory'],
    ] as const) {
      const each = ratio(cpu(server, 'group'), cpu('demo', 'group'));
      add('P3', `${group}, ${where}: server CPU of a delivery`, 'demo', each, times(most));
    }
    for (const connections of sizes.idle) {
      const held = (server: Name) => this.of(server, `idle ${connections}`, perConnection);
      const name = `${thousands(connections)} idle connections`;
      add('P4', `${name}: memory`, 'demo', ratio(held('sqlite'), held('demo')), times(0.12));
      add('P4', `${name}: memory each`, '–', held('sqlite'), { most: 2, digits: 2, unit: ' KiB' });
      const back = this.of('sqlite', `idle ${connections}`, givenBack);
      add('P4', `${name}: given back after they closed`, '–', back, { least: 90, digits: 0, unit: ' %' });
    }
    add(
      'P5',
      'connect, authenticate, empty flush: server CPU',
      'demo',
      ratio(cpu('sqlite', 'connect'), cpu('demo', 'connect')),
      times(0.1),
    );
    const flush = `flush of ${thousands(sizes.flush)} to one client`;
    add(
      'P6',
      flush,
      '–',
      this.of('sqlite', 'flush', ({ flushed }) => flushed?.perSecond),
      { least: 100_000, digits: 0, unit: ' messages/s' },
    );
    add('P6', `${flush}: growth of memory`, '–', this.of('sqlite', 'flush', growth), {
      most: 16,
      digits: 1,
      unit: ' MiB',
    });
    for (const [server, most, where] of [
      ['sqlite', 20, 'durable'],
      ['memory', 5, 'in memory'],
    ] as const) {
      const p99 = this.of(server, 'half load', ({ deliveryLatency }) => deliveryLatency?.p99);
      add('P7', `p99 until delivered at half load, ${where}`, '–', p99, { most, digits: 2, unit: ' ms' });
    }
    const stored = `${thousands(sizes.stored)} messages stored`;
    const grown = (key: string) => ratio(cpu('sqlite', `stored ${key}`), cpu('sqlite', key));
    for (const key of ['window 1', 'window 16'])
      add('P8', `P1 with ${stored}, ${key}: server CPU`, 'P1', grown(key), times(1.2));
    add('P8', `P5 with ${stored}: server CPU`, 'P5', grown('connect'), times(1.2));
    const storm = (get: (report: Report) => number | undefined) => this.of('sqlite', 'storm', get);
    const name = `${thousands(sizes.storm)} clients after a restart`;
    add('P9', `${name}: until the last is back`, '–', storm(resumedAfter), {
      most: 10,
      digits: 1,
      unit: ' s',
    });
    add('P9', `${name}: refused for good`, '–', storm(refused), { most: 0, digits: 0, unit: '' });
    for (const [server, most, where] of [
      ['sqlite', 1, 'durable'],
      ['memory', 0.5, 'in memory'],
    ] as const) {
      const name = `direct message, ${where}, ${thousands(sizes.rate)} a second: server CPU`;
      add('P14', name, 'demo', ratio(cpu(server, 'open loop'), cpu('demo', 'open loop')), times(most));
    }
    for (const [server, where] of [
      ['sqlite', 'durable'],
      ['memory', 'in memory'],
    ] as const) {
      const speed = (key: string) => this.of(server, key, ({ acknowledged }) => acknowledged?.perSecond);
      for (const [what, figure] of [
        ['server CPU', (key: string) => cpu(server, key)],
        ['messages/s', speed],
      ] as const) {
        const name = `all cores, shared with the load, ${where}: ${what}`;
        add('cores', name, 'one core', ratio(figure('all cores'), figure('window 16')), times());
      }
    }
    return rows.filter((row) => row !== undefined);
  }

  #row(line: string, what: string, against: string, figure: Figure, limit: Limit): Row | undefined {
    const spread = this.spread(figure);
    if (!spread) return undefined;
    const { digits, unit } = limit;
    const meets = (value: number) =>
      (limit.most === undefined || value <= limit.most) &&
      (limit.least === undefined || value >= limit.least);
    const verdict =
      meets(spread.least) && meets(spread.most) ? 'yes' : meets(spread.median) ? 'in the median' : 'no';
    const [target, met] =
      limit.most === undefined && limit.least === undefined ? ['–', '–'] : [limitText(limit), verdict];
    return { line, what, against, target, measured: `${text(spread, digits)}${unit}`, met };
  }
}

interface Limit {
  most?: number;
  least?: number;
  digits: number;
  unit: string;
}

/** A ratio, with the most it may be if there is a target. */
const times = (most?: number): Limit => ({ ...(most !== undefined && { most }), digits: 2, unit: '×' });

function limitText({ most, least, digits, unit }: Limit): string {
  if (most === 0) return 'none';
  return most === undefined ? `≥ ${amount(least!, digits)}${unit}` : `≤ ${most}${unit}`;
}

/** Of the same pass, so that what slowed the machine slowed both. */
function ratio(one: Figure, other: Figure): Figure {
  return (pass) => {
    const [above, below] = [one(pass), other(pass)];
    return above === undefined || !below ? undefined : above / below;
  };
}

export function micros(use: Use | undefined): number | undefined {
  return use?.cpuMicrosPerMessage ?? use?.cpuMicrosPerConnection ?? use?.cpuMicrosPerDelivery;
}

/** In KiB. */
export function perConnection({ bytesPerConnection }: Report): number | undefined {
  return bytesPerConnection && bytesPerConnection.rss / 1024;
}

/** Of what the connections took, the part that was given back when they had closed, in hundredths. */
export function givenBack({ memoryBefore, memoryHeld, memoryClosed }: Report): number | undefined {
  if (!memoryBefore || !memoryHeld || !memoryClosed) return undefined;
  return (100 * (memoryHeld.rss - memoryClosed.rss)) / (memoryHeld.rss - memoryBefore.rss);
}

/** In MiB, at most at any time. */
export function growth({ memoryDuringFlush }: Report): number | undefined {
  return memoryDuringFlush && memoryDuringFlush.growth / 2 ** 20;
}

/** In seconds, from the first that was cut to the last that is back. */
export function resumedAfter({ resumed }: Report): number | undefined {
  return resumed && resumed.count / resumed.perSecond;
}

function refused({ refused }: Report): number | undefined {
  return refused && Object.values(refused).reduce((sum, count) => sum + count, 0);
}

/** The median, and the least and the most where there are several passes. */
export function text(spread: Spread | undefined, digits: number): string {
  if (!spread) return '–';
  const { median, least, most } = spread;
  return least === most
    ? amount(median, digits)
    : `${amount(median, digits)} (${amount(least, digits)}–${amount(most, digits)})`;
}

export function thousands(value: number): string {
  return amount(value, 0);
}

function amount(value: number, digits: number): string {
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
