import hljs from 'highlight.js/lib/core';
import bash from 'highlight.js/lib/languages/bash';
import c from 'highlight.js/lib/languages/c';
import cpp from 'highlight.js/lib/languages/cpp';
import csharp from 'highlight.js/lib/languages/csharp';
import css from 'highlight.js/lib/languages/css';
import diff from 'highlight.js/lib/languages/diff';
import dockerfile from 'highlight.js/lib/languages/dockerfile';
import go from 'highlight.js/lib/languages/go';
import ini from 'highlight.js/lib/languages/ini';
import java from 'highlight.js/lib/languages/java';
import javascript from 'highlight.js/lib/languages/javascript';
import json from 'highlight.js/lib/languages/json';
import kotlin from 'highlight.js/lib/languages/kotlin';
import php from 'highlight.js/lib/languages/php';
import python from 'highlight.js/lib/languages/python';
import ruby from 'highlight.js/lib/languages/ruby';
import rust from 'highlight.js/lib/languages/rust';
import sql from 'highlight.js/lib/languages/sql';
import typescript from 'highlight.js/lib/languages/typescript';
import xml from 'highlight.js/lib/languages/xml';
import yaml from 'highlight.js/lib/languages/yaml';

import type { Token, TokenKind } from './languages';

const LANGUAGES = {
  bash,
  c,
  cpp,
  csharp,
  css,
  diff,
  dockerfile,
  go,
  ini,
  java,
  javascript,
  json,
  kotlin,
  php,
  python,
  ruby,
  rust,
  sql,
  typescript,
  xml,
  yaml,
};
for (const [name, language] of Object.entries(LANGUAGES)) hljs.registerLanguage(name, language);

/** By the beginnings of the library's scopes, such as `title.function`; what is not named here is plain. */
const KINDS: Readonly<Record<string, TokenKind>> = {
  keyword: 'keyword',
  literal: 'keyword',
  name: 'keyword',
  'selector-tag': 'keyword',
  string: 'string',
  regexp: 'string',
  char: 'string',
  number: 'number',
  symbol: 'number',
  comment: 'comment',
  title: 'name',
  built_in: 'name',
  type: 'name',
  section: 'name',
  attr: 'variable',
  attribute: 'variable',
  variable: 'variable',
  property: 'variable',
  'selector-class': 'variable',
  'selector-id': 'variable',
  'template-variable': 'variable',
  meta: 'meta',
  doctag: 'meta',
  addition: 'added',
  deletion: 'removed',
};

/** Takes what the library finds as places in the text, in place of the HTML that it would make. */
class Places {
  readonly tokens: Token[] = [];
  private readonly scopes: (TokenKind | undefined)[] = [];
  private length = 0;

  openNode(name: string): void {
    const kind = KINDS[name.split('.')[0]!];
    // What a string takes in is plain, unless it is something itself.
    this.scopes.push(name === 'subst' ? undefined : (kind ?? this.scopes.at(-1)));
  }

  closeNode(): void {
    this.scopes.pop();
  }

  startScope(name: string): void {
    this.openNode(name);
  }

  endScope(): void {
    this.closeNode();
  }

  addText(text: string): void {
    const from = this.length;
    this.length += text.length;
    const kind = this.scopes.at(-1);
    if (!kind) return;
    const last = this.tokens.at(-1);
    if (last?.kind === kind && last.to === from)
      this.tokens[this.tokens.length - 1] = { ...last, to: this.length };
    else this.tokens.push({ from, to: this.length, kind });
  }

  /** Of a language inside of another, as CSS in HTML. */
  __addSublanguage(inner: Places): void {
    for (const { from, to, kind } of inner.tokens)
      this.tokens.push({ from: this.length + from, to: this.length + to, kind });
    this.length += inner.length;
  }

  finalize(): void {
    this.scopes.length = 0;
  }

  toHTML(): string {
    return '';
  }
}

hljs.configure({ __emitter: Places as never });

/** What is what in a piece of code; nothing in a language that is not known. */
export function tokensOf(code: string, language: string): readonly Token[] {
  if (!hljs.getLanguage(language)) return [];
  const { _emitter } = hljs.highlight(code, { language, ignoreIllegals: true });
  return (_emitter as unknown as Places).tokens;
}
