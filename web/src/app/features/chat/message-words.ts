import { around } from '../../core/language/around';

let made: ReturnType<typeof make> | undefined;

/** What every message says: looked up once, as there are many. */
export function messageWords(): ReturnType<typeof make> {
  return (made ??= make());
}

function make() {
  return {
    you: $localize`You`,
    selected: $localize`Selected`,
    news: $localize`New messages`,
    inReply: $localize`In reply to`,
    gone: $localize`This message was deleted`,
    goneAloud: $localize`this message was deleted`,
    goneQuote: $localize`Message deleted`,
    more: $localize`Show more`,
    edited: $localize`edited`,
    unkept: $localize`Not kept on this device: leave this page open until it is sent.`,
    notSent: $localize`Not sent.`,
    again: $localize`Try again`,
    edit: $localize`Edit`,
    discard: $localize`Discard`,
    begins: around((name) => $localize`The beginning of your conversation with ${name}:name:.`),
    about: (name: string) => $localize`About ${name}:name:`,
  };
}
