import {
  array,
  assert,
  constantFrom,
  integer,
  nat,
  oneof,
  property,
  record,
  shuffledSubarray,
  type Arbitrary,
} from 'fast-check';
import { expect, it } from 'vitest';

import type { Conversation, Message, Receipt } from '../../protocol/protocol';
import { conversation, message } from '../../testing/conversation';
import { merge, mergeConversation, replace, withChange, withMessage, withReceipt } from './merge';

/** What people do in a conversation of Ann, who is here, and Bob. */
type Deed =
  | { readonly say: 'ann' | 'bob' }
  | { readonly edit: number }
  | { readonly remove: number }
  | { readonly read: 'ann' | 'bob'; readonly share: number }
  | { readonly title: number };

/** What the server says: a list's item, a page of messages, or what happens. */
type Said =
  | { readonly conversation: Conversation }
  | { readonly page: readonly Message[] }
  | { readonly message: Message }
  | { readonly changed: Message }
  | { readonly receipt: Omit<Receipt, 'conversationId'> };

/** What the client makes of it. */
interface Known {
  readonly conversation: Conversation | undefined;
  readonly messages: readonly Message[];
}

const NOTHING: Known = { conversation: undefined, messages: [] };

const deeds: Arbitrary<Deed[]> = array(
  oneof(
    { weight: 4, arbitrary: record({ say: constantFrom('ann' as const, 'bob' as const) }) },
    { weight: 1, arbitrary: record({ edit: nat(20) }) },
    { weight: 1, arbitrary: record({ remove: nat(20) }) },
    { weight: 2, arbitrary: record({ read: constantFrom('ann' as const, 'bob' as const), share: nat(9) }) },
    { weight: 1, arbitrary: record({ title: nat(9) }) },
  ),
  { minLength: 1, maxLength: 16 },
);

/** The log, and what of it is said: `live[n]` after the n-th deed; `answers[n]` to who asks after it. */
function server(done: readonly Deed[]) {
  let head = 0;
  let title = 'Crew';
  const messages: Message[] = [];
  const marks = { ann: 0, bob: 0 };
  const live: Said[][] = [];
  const answers: [Conversation, readonly Message[]][] = [];
  const state = () => {
    const unread = messages.filter(({ sender, seq, deletedAt }) => {
      return sender === 'bob' && seq > marks.ann && !deletedAt;
    }).length;
    const members = (['ann', 'bob'] as const).map((username) => {
      const readSeq = marks[username];
      return { username, displayName: username, role: 'member' as const, deliveredSeq: readSeq, readSeq };
    });
    const { lastMessage: _, ...bare } = conversation({
      kind: 'group',
      title,
      headSeq: head,
      unread,
      members,
    });
    return messages.length > 0 ? { ...bare, lastMessage: messages.at(-1)! } : bare;
  };
  const change = (which: number, more: Partial<Message>) => {
    const index = which % Math.max(messages.length, 1);
    const before = messages[index];
    if (!before || before.deletedAt) return;
    messages[index] = { ...before, ...more, changeSeq: ++head };
    live.at(-1)!.push({ changed: messages[index] });
  };
  for (const deed of done) {
    live.push([]);
    if ('say' in deed) {
      messages.push(message(++head, deed.say));
      live.at(-1)!.push({ message: messages.at(-1)! });
    } else if ('edit' in deed) change(deed.edit, { text: `edited at ${head + 1}` });
    else if ('remove' in deed) change(deed.remove, { text: '', deletedAt: '2026-03-28T11:00:00.000Z' });
    else if ('read' in deed) {
      marks[deed.read] = Math.max(marks[deed.read], Math.ceil((head * deed.share) / 9));
      const readSeq = marks[deed.read];
      live.at(-1)!.push({ receipt: { username: deed.read, deliveredSeq: readSeq, readSeq } });
    } else {
      title = `Crew ${++head}`;
      live.at(-1)!.push({ conversation: state() });
    }
    answers.push([state(), [...messages]]);
  }
  return { live, answers };
}

function hear({ conversation, messages }: Known, said: Said): Known {
  if ('conversation' in said)
    return { conversation: mergeConversation(conversation, said.conversation, 'ann'), messages };
  if ('page' in said) return { conversation, messages: merge(messages, said.page) };
  if ('message' in said)
    return {
      conversation: conversation && withMessage(conversation, said.message, 'ann'),
      messages: merge(messages, [said.message]),
    };
  if ('changed' in said)
    return {
      conversation: conversation && withChange(conversation, said.changed),
      messages: replace(messages, said.changed),
    };
  return { conversation: conversation && withReceipt(conversation, said.receipt, 'ann'), messages };
}

const answered = ([conversation, page]: [Conversation, readonly Message[]]): Said[] => [
  { conversation },
  { page },
];

it('ends as the server says, in whatever order and however often what it said is heard', () => {
  const orders = deeds.chain((done) => {
    const { live, answers } = server(done);
    const end = answers.at(-1)!;
    // Answers of any age, as what a browser kept is, and events heard before; the answer of the end once.
    const everything = [...live.flat(), ...live.flat(), ...answers.flatMap(answered)];
    return record({
      end: constantFrom(end),
      before: shuffledSubarray(everything),
      after: shuffledSubarray(everything),
      lostAt: integer({ min: -1, max: everything.length }),
    });
  });
  assert(
    property(orders, ({ end, before, after, lostAt }) => {
      const said = [...before, ...answered(end), ...after];
      const known = said.reduce((known, one, index) => {
        // The cursor was lost: what was known is forgotten, before the end is asked for.
        return hear(index === lostAt && index <= before.length ? NOTHING : known, one);
      }, NOTHING);
      expect(known.conversation).toEqual(end[0]);
      expect(known.messages).toEqual(end[1]);
    }),
    { numRuns: 2_000, seed: 1 },
  );
});

it('is what the server says also before anybody asks again, as long as events come in order', () => {
  const orders = deeds.chain((done) => {
    // Only the server counts the rest where a part was read, or an unread message was deleted.
    const whole = done
      .filter((deed) => !('remove' in deed))
      .map((deed) => ('read' in deed ? { ...deed, share: 9 } : deed));
    return record({ done: constantFrom(whole), since: nat(whole.length), late: array(nat(99)) });
  });
  assert(
    property(orders, ({ done, since, late }) => {
      if (done.length === 0) return;
      const { live, answers } = server(done);
      const at = Math.min(since, done.length - 1);
      let known = answered(answers[at]!).reduce(hear, NOTHING);
      live.slice(at + 1).forEach((said, index) => {
        known = said.reduce(hear, known);
        // An answer that was given some time ago comes now.
        const age = late[index];
        if (age !== undefined) known = answered(answers[age % (at + 2 + index)]!).reduce(hear, known);
      });
      expect(known.conversation).toEqual(answers.at(-1)![0]);
      expect(known.messages).toEqual(answers.at(-1)![1]);
    }),
    { numRuns: 2_000, seed: 1 },
  );
});
