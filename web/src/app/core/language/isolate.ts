/** Keeps the direction of a name, whatever it is, from turning the sentence around it. */
export const isolate = (name: string): string => `\u2068${name}\u2069`;
