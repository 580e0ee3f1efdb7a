/** Whether the lines of the page run from right to left. */
export const rightToLeft = (): boolean => document.dir === 'rtl';
