/**
 * Adds sheets that come with a part which is loaded later. The page's policy allows no styles that scripts
 * add as elements; a sheet that a script makes is the script's own.
 */
export function adopt(...sheets: string[]): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(sheets.join('\n'));
  document.adoptedStyleSheets.push(sheet);
}
