import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';
import { forbiddenImports, outsideImports } from './scripts/architecture/floors.js';

const root = import.meta.dirname;

export default defineConfig(
  { ignores: ['build/**', 'dist/**', '**/node_modules/**', 'extension/**'] },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: root } },
    rules: {
      curly: 'error',
      // What is only held until the end of its block has no other use.
      '@typescript-eslint/no-unused-vars': ['error', { ignoreUsingDeclarations: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
    },
  },
  {
    // The type checker reads JavaScript too, and knows what Node defines.
    files: ['**/*.js'],
    rules: { 'no-undef': 'off' },
  },
  {
    // node:test's describe and it return promises that the runner itself awaits.
    files: ['**/*.test.ts'],
    rules: { '@typescript-eslint/no-floating-promises': 'off' },
  },
  {
    // What is shown comes through functions that make it safe to show.
    files: ['daemon/src/**', 'shared/src/**'],
    ignores: ['**/*.test.ts'],
    rules: { 'no-console': 'error' },
  },
  {
    // An installed Tidemark runs on the person's Node, whose long-term lines lack what Node 26 has; scripts/package compiles `using`.
    files: ['daemon/src/**', 'shared/src/**'],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        ...[
          ['Promise', 'try'],
          ['RegExp', 'escape'],
          ['Error', 'isError'],
          ['Math', 'sumPrecise'],
          ['Uint8Array', 'fromBase64'],
          ['Uint8Array', 'fromHex'],
          ['Iterator', 'concat'],
        ].map(([object, property]) => ({ object, property, message: 'Node 22 does not have it.' })),
      ],
    },
  },
  {
    // What fails in a timer or an event handler would end the daemon: background.ts says who hears of it.
    files: ['daemon/src/**'],
    ignores: [
      '**/*.test.ts',
      'daemon/src/background.ts',
      // What ends the process on purpose, and processes that are not the daemon's.
      'daemon/src/core/faults.ts',
      'daemon/src/cli/**',
      'daemon/src/host/main.ts',
    ],
    rules: {
      'no-restricted-globals': [
        'error',
        ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'].map((name) => ({
          name,
          message: 'Use later, every or soon of background.ts, which say who hears of a fault.',
        })),
      ],
      'no-restricted-imports': [
        'error',
        { paths: [{ name: 'node:timers', message: 'Use background.ts, which says who hears of a fault.' }] },
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: 'UnaryExpression[operator="void"]',
          message: 'Use letGo of background.ts, which says who hears of a fault.',
        },
        {
          selector:
            'CallExpression[callee.property.name=/^(on|once|addListener|addEventListener)$/]' +
            ':not([arguments.1.callee.name="guarded"])',
          message: 'Give it guarded(…) of background.ts, which says who hears of a fault.',
        },
      ],
    },
  },
  {
    files: ['daemon/src/cli/**'],
    ignores: ['**/*.test.ts', 'daemon/src/cli/output.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: 'CallExpression[callee.property.name="write"]',
          message: 'Commands write through output.ts, which makes text from outside safe to show.',
        },
      ],
    },
  },
  {
    plugins: { 'import-x': importX },
    settings: {
      'import-x/resolver-next': [createNodeResolver({ extensions: ['.ts', '.js'] })],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts', '.js'] },
    },
    rules: {
      'import-x/no-cycle': 'error',
      'import-x/no-restricted-paths': ['error', { zones: forbiddenImports(root) }],
    },
  },
  {
    files: ['daemon/src/**', 'shared/src/**'],
    ignores: ['**/*.test.ts'],
    rules: {
      'import-x/no-restricted-paths': [
        'error',
        { zones: [...forbiddenImports(root), ...outsideImports(root)] },
      ],
    },
  },
);
