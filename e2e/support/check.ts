import { expect } from '@playwright/test';

import type { Code, Problem, Reply } from '../../web/src/app/protocol/protocol.ts';

/** Checks that an answer is the problem of a code, in the shape of the contract, and gives it. */
export async function refused(
  response: Response | Promise<Response>,
  status: number,
  code: Code,
): Promise<Problem> {
  const answer = await response;
  const text = await answer.text();
  expect(answer.status, text).toBe(status);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  return problem(JSON.parse(text), status, code);
}

/** The same for the acknowledgement of a request. */
export function refusal(reply: Reply<unknown>, status: number, code: Code): Problem {
  expect(reply.status, JSON.stringify(reply)).toBe('error');
  return problem((reply as { error: Problem }).error, status, code);
}

/** Checks the shape of a problem. */
export function problem(problem: Problem, status: number, code: Code): Problem {
  expect(problem).toMatchObject({
    type: expect.any(String),
    title: expect.any(String),
    status,
    detail: expect.any(String),
    code,
    retryable: expect.any(Boolean),
  });
  return problem;
}
