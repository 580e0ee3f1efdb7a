// Compares public/locale with what the client says: every text has its translation in each language, with the
// same placeholders and with all forms of a count that the language has, and nothing is translated that is not
// said any more. `--write` puts what is missing into the files, empty, and takes what is unused out.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// The compiler finds a translation by what this makes of the text.
import { ɵcomputeMsgId as idOf } from '@angular/localize';

const root = new URL('..', import.meta.url).pathname;
const languages = names(/export type Language = ([^;]*);/.exec(read('src/app/core/language/language.ts'))[1]);
const codes = names(/export type Code = ([^;]*);/.exec(read('src/app/protocol/protocol.ts'))[1]);

function read(path) {
  return readFileSync(join(root, path), 'utf8');
}

/** The members of a union of strings. */
function names(union) {
  return [...union.matchAll(/'(\w+)'/g)].map(([, name]) => name);
}

/** What the client says, in English and with its id, as the compiler of Angular finds it. */
function said() {
  const folder = mkdtempSync(join(tmpdir(), 'aldis-texts-'));
  try {
    const options = ['--format', 'json', '--output-path', folder, '--progress', 'false'];
    execFileSync('npx', ['ng', 'extract-i18n', ...options], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return Object.entries(JSON.parse(readFileSync(join(folder, 'messages.json'), 'utf8')).translations);
  } catch {
    console.error('The compiler could not say which texts there are: see above.');
    process.exit(1);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const placeholders = (text) => [...text.matchAll(/\{\$\w+\}/g)].map(([name]) => name).sort();
const forms = (text) =>
  Object.fromEntries([...text.matchAll(/(\w+) \{([^{}]*)\}/g)].map(([, kind, form]) => [kind, form]));
const isPlural = (text) => text.startsWith('{count, plural, ');

/** What is wrong with a translation; null if nothing is. */
function wrong(english, text, language) {
  if (!text) return 'is not translated';
  if (String(placeholders(english)) !== String(placeholders(text))) return 'has other placeholders';
  if (isPlural(english) !== isPlural(text)) return 'is a count in one language only';
  if (!isPlural(english)) return null;
  const wanted = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
  const missing = wanted.filter((kind) => !(kind in forms(text)));
  if (missing.length > 0) return `has no form for: ${missing.join(', ')}`;
  // One and two may be words; `other` is any number.
  const counts = (one) => forms(one).other.includes('#');
  return counts(english) === counts(text) ? null : 'has the number (#) in one language only';
}

const all = said();
const texts = [...new Set(all.map(([, text]) => text))];
const wanted = { texts, errors: codes };
const faults = all
  .filter(([id, text]) => id !== idOf(text))
  .map(([, text]) => `“${text}” has a meaning or an id, by which no translation is found`);
const chosen = names(/LANGUAGES = \[(.*)\]/.exec(read('public/theme.js'))[1]);
if (String(chosen) !== String(languages)) faults.push(`public/theme.js chooses among: ${chosen.join(', ')}`);
for (const language of languages) {
  if (language === 'en') continue;
  const path = `public/locale/${language}.json`;
  const translation = existsSync(join(root, path)) ? JSON.parse(read(path)) : { texts: {}, errors: {} };
  for (const [part, keys] of Object.entries(wanted)) {
    const unused = Object.keys(translation[part]).filter((key) => !keys.includes(key));
    faults.push(...unused.map((key) => `${path}: “${key}” is not said any more`));
    for (const key of keys) {
      const fault = wrong(part === 'texts' ? key : '', translation[part][key], language);
      if (fault) faults.push(`${path}: “${key}” ${fault}`);
    }
    translation[part] = Object.fromEntries(keys.map((key) => [key, translation[part][key] ?? '']));
  }
  if (process.argv.includes('--write'))
    writeFileSync(join(root, path), JSON.stringify(translation, null, 2) + '\n');
}

for (const fault of faults) console.error(fault);
if (faults.length > 0) {
  console.error(
    '`npm run translations` adds what is missing to the files, empty, and takes out what is unused.',
  );
  process.exitCode = process.argv.includes('--write') ? 0 : 1;
} else console.log(`${texts.length} texts, each in ${languages.length} languages`);
