import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';
import { forbiddenImports, outsideImports } from './scripts/architecture/floors.js';

const root = import.meta.dirname;

export default defineConfig(
  { ignores: ['build/**', '**/node_modules/**', 'extension/**'] },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: root } },
    rules: {
      curly: 'error',
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
