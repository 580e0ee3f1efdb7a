/** A transfer of which nothing moved for this long has come to its end without saying so. */
const IDLE = 30_000;

/** Calls `stop` once nothing moved for a while; `moved` begins the while anew, `done` ends it. */
export function whenIdle(stop: () => void): { moved: () => void; done: () => void } {
  let timer = setTimeout(stop, IDLE);
  const done = () => clearTimeout(timer);
  const moved = () => {
    done();
    timer = setTimeout(stop, IDLE);
  };
  return { moved, done };
}

/** The bytes of an answer as they come: each of them says that it moves. */
export function watched(answer: Response, { moved, done }: ReturnType<typeof whenIdle>): Response {
  const watch = new TransformStream<Uint8Array, Uint8Array>({
    transform(bytes, out) {
      moved();
      out.enqueue(bytes);
    },
    flush: done,
  });
  return new Response(answer.body?.pipeThrough(watch) ?? null, answer);
}
