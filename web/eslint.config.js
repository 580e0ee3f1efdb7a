import { posix } from 'node:path';

import angular from 'angular-eslint';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

// Nobody is told from somebody else by the spelling of their username: `core/handle.ts` compares.
const USER = '/^(me|username|sender|receiver)$/';
const COMPARISON =
  "BinaryExpression[operator=/^[!=]==$/]:not(:has(> Identifier.right[name='undefined'])):not(:has(> Literal.right))";
const COMPARED_USERS = [
  {
    selector: `${COMPARISON} > MemberExpression[property.name=${USER}]`,
    message: 'Compare usernames with `sameUser`.',
  },
  { selector: `${COMPARISON} > Identifier[name=${USER}]`, message: 'Compare usernames with `sameUser`.' },
  {
    selector: `CallExpression[callee.property.name=/^(includes|indexOf)$/] > :matches(MemberExpression.arguments[property.name=${USER}], Identifier.arguments[name=${USER}])`,
    message: 'Look for a username with `hasUser`.',
  },
];

// The translation is there once the page starts, not when its modules load.
const LATER =
  ':matches(FunctionDeclaration, FunctionExpression, ArrowFunctionExpression, PropertyDefinition[static=false])';
const EARLY = {
  selector: `TaggedTemplateExpression[tag.name='$localize']:not(${LATER} *)`,
  message:
    'A text is looked up in a function or in a field of an instance, as a module loads before its language.',
};

// What templates say themselves; bound texts are looked up by their components. “Aldis” has no translation.
const SAID = '[A-Za-z]{2}';
const UNTRANSLATED = [
  {
    selector: `Text[value=/${SAID}/]:not([value=/^\\s*Aldis\\s*$/])`,
    message: 'A text of a template is bound, and looked up by `$localize` in its component.',
  },
  {
    selector: `BoundText[value.source=/(^|\\}\\})((?!\\{\\{).)*${SAID}((?!\\{\\{).)*(\\{\\{|$)/s]`,
    message: 'A text of a template is bound as a whole, and looked up by `$localize` in its component.',
  },
  {
    selector: `TextAttribute[name=/^(alt|title|placeholder|aria-(label|description|roledescription|placeholder|valuetext))$/][value=/${SAID}/]:not([i18n])`,
    message: 'What an attribute says is marked: `i18n-title` and the like.',
  },
];

// Imports point down only: features → ui and data → core → protocol. A room may import from those named beside
// it, and each of them stands above it, so that no two rooms import each other.
const CORE = {
  core: [],
  'core/storage': ['core'],
  'core/http': ['core'],
  'core/language': ['core', 'core/storage', 'core/http'],
  'core/format': ['core', 'core/language'],
  'core/session': ['core', 'core/storage', 'core/http'],
  'core/api': ['core', 'core/http', 'core/session'],
  'core/disk': ['core', 'core/storage', 'core/session'],
  'core/line': ['core', 'core/http', 'core/session'],
  'core/app': ['core', 'core/storage', 'core/line'],
};
const DATA = {
  'data/attachments': [],
  'data/conversations': [],
  'data/people': ['data/conversations', 'data/attachments'],
  'data/outbox': ['data/conversations', 'data/attachments'],
  'data/messages': ['data/conversations', 'data/outbox', 'data/attachments'],
  'data/groups': ['data/attachments', 'data/conversations', 'data/people', 'data/messages'],
  'data/live': ['data/conversations', 'data/outbox', 'data/messages'],
  'data/search': ['data/conversations', 'data/messages'],
  'data/invitations': ['data/conversations'],
  'data/notifications': ['data/people', 'data/attachments', 'data/conversations'],
};
const FEATURES = {
  'features/people': [],
  'features/auth': [],
  'features/groups': [],
  'features/invitations': [],
  'features/search': ['features/conversations'],
  'features/settings': [],
  'features/admin': ['features/settings'],
  'features/attachments': ['features/conversations'],
  'features/media': ['features/attachments'],
  'features/details': ['features/people', 'features/groups', 'features/media'],
  // Only what is shown in `@defer` comes from `rare.ts`: the build checks it (`scripts/finish.mjs`).
  'features/conversations': ['features/people', 'features/groups', 'rare'],
  'features/chat': ['features/people', 'features/conversations', 'rare'],
  // The frame puts the others together.
  'features/shell': ['features/chat', 'features/conversations', 'rare'],
};
const COMPONENTS = {
  name: '@angular/core',
  importNames: ['Component', 'Directive', 'Pipe'],
  message: 'Components are in `ui/` and `features/`.',
};
const EVERYWHERE = ['protocol', 'testing'];
const BELOW_FEATURES = [...Object.keys(CORE), ...Object.keys(DATA), 'ui'];

/** A room: a folder of `src/app`, and the rooms that its files may import from. */
function room(folder, rooms, paths = []) {
  const allowed = [...EVERYWHERE, ...rooms].map((other) => {
    const path = posix.relative(folder, other).replaceAll('.', '\\.') || '\\.';
    return other === 'rare' ? `${path}$` : `${path}/[^/]+$`;
  });
  const message = `\`${folder}\` imports from the rooms that eslint.config.js names for it.`;
  const patterns = [{ regex: `^(?!(?:${allowed.join('|')}))\\.\\./`, message }];
  return {
    files: [`src/app/${folder}/*.ts`],
    rules: { 'no-restricted-imports': ['error', { paths, patterns }] },
  };
}

export default defineConfig(
  { ignores: ['dist/', '.angular/', 'src/app/protocol/'] },
  {
    files: ['src/**/*.ts'],
    extends: [tseslint.configs.strict, tseslint.configs.stylistic, angular.configs.tsRecommended],
    processor: angular.processInlineTemplates,
    rules: {
      '@angular-eslint/component-class-suffix': 'off',
      '@angular-eslint/component-selector': [
        'error',
        { type: 'element', prefix: 'aldis', style: 'kebab-case' },
      ],
      '@angular-eslint/directive-selector': [
        'error',
        { type: 'attribute', prefix: 'aldis', style: 'camelCase' },
      ],
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      // With unchecked index access on, a `!` says what a loop has just made sure of.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^_' }],
      complexity: ['error', 25],
      'no-restricted-syntax': ['error', ...COMPARED_USERS, EARLY],
    },
  },
  ...Object.entries(CORE).map(([folder, rooms]) => room(folder, rooms, [COMPONENTS])),
  ...Object.entries(DATA).map(([folder, rooms]) =>
    room(folder, [...Object.keys(CORE), ...rooms], [COMPONENTS]),
  ),
  room('ui', Object.keys(CORE)),
  ...Object.entries(FEATURES).map(([folder, rooms]) => room(folder, [...BELOW_FEATURES, ...rooms])),
  {
    files: ['src/**/*.spec.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: ['src/app/core/handle.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: ['**/*.html'],
    extends: [angular.configs.templateRecommended, angular.configs.templateAccessibility],
  },
  {
    files: ['src/app/**/*.html'],
    ignores: ['src/**/*.spec.ts/**'],
    rules: { 'no-restricted-syntax': ['error', ...UNTRANSLATED] },
  },
);
