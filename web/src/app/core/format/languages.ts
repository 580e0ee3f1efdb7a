export type TokenKind =
  'keyword' | 'string' | 'number' | 'comment' | 'name' | 'variable' | 'meta' | 'added' | 'removed';

/** A stretch of code that has a colour of its own. */
export interface Token {
  readonly from: number;
  readonly to: number;
  readonly kind: TokenKind;
}

/** The languages that are coloured, by what people write behind the backticks. */
const LANGUAGES: Readonly<Record<string, string>> = {
  'Bash:bash': 'bash sh shell zsh console',
  'C:c': 'c h',
  'C++:cpp': 'cpp c++ cc hpp cxx',
  'C#:csharp': 'csharp c# cs',
  'CSS:css': 'css',
  'Diff:diff': 'diff patch',
  'Dockerfile:dockerfile': 'dockerfile docker',
  'Go:go': 'go golang',
  'HTML:xml': 'html xhtml vue svelte',
  'INI:ini': 'ini conf',
  'Java:java': 'java',
  'JavaScript:javascript': 'javascript js jsx mjs cjs',
  'JSON:json': 'json jsonc',
  'Kotlin:kotlin': 'kotlin kt kts',
  'PHP:php': 'php',
  'Python:python': 'python py',
  'Ruby:ruby': 'ruby rb',
  'Rust:rust': 'rust rs',
  'SQL:sql': 'sql',
  'TOML:ini': 'toml',
  'TypeScript:typescript': 'typescript ts tsx mts',
  'XML:xml': 'xml svg',
  'YAML:yaml': 'yaml yml',
};
const BY_ALIAS = new Map(
  Object.entries(LANGUAGES).flatMap(([language, aliases]) => {
    const [name, grammar] = language.split(':') as [string, string];
    return aliases.split(' ').map((alias) => [alias, { name, grammar }] as const);
  }),
);

/** What a language is called, and by which grammar it is coloured; unknown ones keep their name. */
export function languageOf(written: string): { readonly name: string; readonly grammar?: string } {
  return BY_ALIAS.get(written) ?? { name: written || $localize`Code` };
}
