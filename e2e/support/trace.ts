interface TraceEvent {
  name: string;
  pid: number;
  tid: number;
  ts: number;
  /** Microseconds of processor time. */
  tdur?: number;
  args: { name?: string };
}

/** What must be recorded for `tasksOf`; with `loading`, when the page was first painted, too. */
export const TASKS = ['toplevel', 'loading', '__metadata'];

export interface Task {
  /** When it began, in microseconds. */
  readonly ts: number;
  /** Milliseconds of processor time, in which other work on the machine does not count. */
  readonly took: number;
}

/** What the main thread of the page did, task by task, and when the page was first painted. */
export function tasksOf(trace: Buffer): { tasks: Task[]; painted?: number } {
  const { traceEvents } = JSON.parse(trace.toString()) as { traceEvents: TraceEvent[] };
  const paint = traceEvents.find(({ name }) => name === 'firstContentfulPaint');
  const main = traceEvents.filter(({ name, pid, args }) => name === 'thread_name' && args.name === 'CrRendererMain' && (!paint || pid === paint.pid));
  const ran = traceEvents.filter(({ name, pid, tid }) => name === 'ThreadControllerImpl::RunTask' && main.some((thread) => thread.pid === pid && thread.tid === tid));
  if (ran.length === 0) throw new Error('the trace has no tasks');
  const tasks = ran.map(({ ts, tdur = 0 }) => ({ ts, took: tdur / 1_000 }));
  return paint ? { tasks, painted: paint.ts } : { tasks };
}
