import angular from 'angular-eslint';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

// Nobody is told from somebody else by the spelling of their username: `people/handle.ts` compares.
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
      'no-restricted-syntax': ['error', ...COMPARED_USERS],
    },
  },
  {
    files: ['src/**/*.spec.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: ['src/app/people/handle.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: ['**/*.html'],
    extends: [angular.configs.templateRecommended, angular.configs.templateAccessibility],
  },
);
