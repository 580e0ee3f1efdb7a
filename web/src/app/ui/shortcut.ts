/** The key of most shortcuts, as this machine's keyboard spells it. */
export const CONTROL = /Mac|iPhone|iPad/.test(navigator.userAgent) ? '⌘' : 'Ctrl';

/** The search field. */
export const SHORTCUT = `${CONTROL} K`;
