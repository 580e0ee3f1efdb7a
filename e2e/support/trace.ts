interface TraceEvent {
  name: string;
  cat: string;
  pid: number;
  tid: number;
  ts: number;
  /** Microseconds from its begin to its end. */
  dur?: number;
  /** Microseconds of processor time in them. */
  tdur?: number;
  args: { name?: string };
}

/**
 * What must be recorded for `tasksOf`; with `loading`, when the page was first painted, and with
 * `blink.user_timing` its own marks, too.
 */
export const TASKS = ['toplevel', 'loading', 'blink.user_timing', '__metadata'];

export interface Task {
  /** When it began, in microseconds. */
  readonly ts: number;
  /** Milliseconds of processor time, in which other work on the machine does not count. */
  readonly took: number;
  /** Milliseconds in which it could have run and other work of the machine did. */
  readonly held: number;
}

/**
 * What the main thread of the page did, task by task, when the page was first painted, and when it set which
 * mark.
 */
export function tasksOf(trace: Buffer): { tasks: Task[]; painted?: number; marks: Map<string, number> } {
  const { traceEvents } = JSON.parse(trace.toString()) as { traceEvents: TraceEvent[] };
  const paint = traceEvents.find(({ name }) => name === 'firstContentfulPaint');
  const main = traceEvents.filter(
    ({ name, pid, args }) =>
      name === 'thread_name' && args.name === 'CrRendererMain' && (!paint || pid === paint.pid),
  );
  const ran = traceEvents.filter(
    ({ name, pid, tid }) =>
      name === 'ThreadControllerImpl::RunTask' &&
      main.some((thread) => thread.pid === pid && thread.tid === tid),
  );
  if (ran.length === 0) throw new Error('the trace has no tasks');
  const tasks = ran.map(({ ts, dur = 0, tdur = 0 }) => ({
    ts,
    took: tdur / 1_000,
    held: Math.max(0, dur - tdur) / 1_000,
  }));
  const marks = new Map(
    traceEvents.filter(({ cat }) => cat.includes('blink.user_timing')).map(({ name, ts }) => [name, ts]),
  );
  return { tasks, marks, ...(paint ? { painted: paint.ts } : {}) };
}
