// Finishes the build. The font's licence joins those of the libraries, as it asks for. The list of the
// service worker names files by relative paths, which it resolves against the path that it is under. What looks
// texts up (`$localize`) and the helpers of the compiler are hardly larger than the requests for them, so they
// go into the main script. Scripts are minified once more, by Terser, which finds what esbuild does not. Then
// this puts a .br and a .gz beside every text file of the build, so that the server sends them as they are. It
// fails where a part that is to be loaded later has come into the first load.
import { createHash } from 'node:crypto';
import { appendFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

import { minify } from 'terser';

const TEXT = new Set(['.html', '.js', '.css', '.svg', '.json', '.webmanifest', '.txt']);
const root = new URL('../dist/', import.meta.url).pathname;

const font = readFileSync(new URL('../node_modules/@fontsource-variable/figtree/LICENSE', import.meta.url));
appendFileSync(
  join(root, '3rdpartylicenses.txt'),
  `\nPackage: @fontsource-variable/figtree\nLicense: "OFL-1.1"\n\n${font}\n`,
);

const list = JSON.parse(readFileSync(join(root, 'ngsw.json'), 'utf8'));
/** theme.js is for any browser; all other scripts are modules. */
const THEME = 'theme.js';
const isModule = (path) => extname(path) === '.js' && path !== THEME;
const relative = (path) => path.replace(/^\//, '');
list.index = relative(list.index);
for (const group of list.assetGroups) group.urls = group.urls.map(relative);
list.hashTable = Object.fromEntries(
  Object.entries(list.hashTable).map(([path, hash]) => [relative(path), hash]),
);

/** Puts a file in the place of the one that was built. */
function put(name, text) {
  writeFileSync(join(root, name), text);
  list.hashTable[name] = createHash('sha1').update(text).digest('hex');
}

const read = (name) => readFileSync(join(root, name), 'utf8');
const scripts = () => Object.keys(list.hashTable).filter(isModule).map(read);
const [polyfills, main] = ['polyfills', 'main'].map((part) =>
  Object.keys(list.hashTable).find((name) => name.startsWith(`${part}-`)),
);
const HELPERS = '__helpers';
const [preload, helpers] = /<link rel="modulepreload" href="\/(chunk-[^"]+)">/.exec(read(list.index)) ?? [];
const imported = new RegExp(`import\\{([^}]*)\\}from"\\./${helpers}";`);
const taken = (_, names) => `const{${names.replaceAll(' as ', ':')}}=${HELPERS};`;
const given = (_, names) => `return{${names.replace(/([^,\s]+) as ([^,\s]+)/g, '$2:$1')}}`;
for (const name of Object.keys(list.hashTable).filter((path) => isModule(path) && path !== main))
  if (imported.test(read(name)))
    put(name, `import{${HELPERS}}from"./${main}";${read(name).replace(imported, taken)}`);
put(
  main,
  `(()=>{${read(polyfills)}})();` +
    `const ${HELPERS}=(()=>{${read(helpers).replace(/export\{([^}]*)\};?\s*$/, given)}})();` +
    `${read(main).replace(imported, taken)};export{${HELPERS}};`,
);
put(
  list.index,
  read(list.index).replace(preload, '').replace(`<script src="/${polyfills}" type="module"></script>`, ''),
);
if (scripts().some((script) => script.includes(helpers))) throw new Error(`${helpers} is asked for still.`);
// The helpers stay for parts of an older build that a browser holds: their name says that they never change.
rmSync(join(root, polyfills));
delete list.hashTable[polyfills];
for (const group of list.assetGroups) group.urls = group.urls.filter((url) => url !== polyfills);

for (const name of Object.keys(list.hashTable).filter(isModule)) {
  const { code } = await minify(read(name), {
    module: true,
    ecma: 2020,
    // Nothing that is written as a function is made with `new`: those are classes.
    compress: { passes: 3, hoist_funs: true, unsafe_arrows: true },
  });
  put(name, code);
}
put(THEME, (await minify(read(THEME), { ecma: 5, ie8: true, safari10: true })).code);
writeFileSync(join(root, 'ngsw.json'), JSON.stringify(list, null, 2));

// An import of a part of rare.ts that is used outside of `@defer` puts it beside the frame of the messenger.
const app = new URL('../src/app/', import.meta.url).pathname;
const defines = (selector) =>
  scripts().find((script) => new RegExp(`selectors:\\[\\[["'\`]${selector}["'\`]\\]\\]`).test(script));
const first = defines('aldis-shell');
for (const [, path] of readFileSync(join(app, 'rare.ts'), 'utf8').matchAll(/^export .* from '(.+)';$/gm)) {
  const [, selector] = /selector: '(.+)'/.exec(readFileSync(join(app, `${path}.ts`), 'utf8')) ?? [];
  if (!selector) continue;
  const script = defines(selector);
  if (!first || !script || script === first)
    throw new Error(`<${selector}> of rare.ts is in the first load.`);
}

/** The smallest of what a few settings give, none of which is always it. */
function brotli(bytes) {
  const settings = [0, 16, 17, 18].flatMap((block) => [0, 1, 2].map((postfix) => [block, postfix]));
  const all = settings.map(([block, postfix]) =>
    brotliCompressSync(bytes, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: 11,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
        [constants.BROTLI_PARAM_LGBLOCK]: block,
        [constants.BROTLI_PARAM_NPOSTFIX]: postfix,
      },
    }),
  );
  return all.reduce((smallest, one) => (one.length < smallest.length ? one : smallest));
}

for (const name of readdirSync(root, { recursive: true })) {
  if (!TEXT.has(extname(name))) continue;
  const bytes = readFileSync(join(root, name));
  writeFileSync(join(root, `${name}.br`), brotli(bytes));
  writeFileSync(join(root, `${name}.gz`), gzipSync(bytes, { level: 9 }));
}
