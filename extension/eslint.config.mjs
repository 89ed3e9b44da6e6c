import raycastConfig from '@raycast/eslint-config';
import { defineConfig } from 'eslint/config';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';

/** What a copy of this folder alone does not have: it imports `@tidemark/client`. */
const outside = {
  regex: String.raw`^(\.\./)+(daemon|shared|scripts)/`,
  message: 'The extension stands alone.',
};

export default defineConfig([
  { ignores: ['dist/**', 'assets/**', 'vendor/**', 'raycast-env.d.ts', 'test/raycast-api/generated/**'] },
  ...raycastConfig,
  {
    plugins: { 'import-x': importX },
    settings: {
      'import-x/resolver-next': [createNodeResolver({ extensions: ['.ts', '.tsx', '.mjs'] })],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts', '.tsx'] },
    },
    rules: { curly: 'error', 'import-x/no-cycle': 'error' },
  },
  {
    // What Raycast bundles is the extension and what it shares with the daemon; see docs/architecture.md.
    files: ['src/**'],
    ignores: ['**/*.test.{ts,tsx}'],
    rules: {
      'import-x/no-restricted-paths': [
        'error',
        { zones: [{ target: './src', from: ['./test', './scripts'] }] },
      ],
      'no-restricted-imports': [
        'error',
        {
          patterns: [{ group: ['@tidemark/client/testing/*'], message: 'Examples are for tests.' }, outside],
        },
      ],
    },
  },
  {
    files: ['test/**', '**/*.test.{ts,tsx}'],
    rules: { 'no-restricted-imports': ['error', { patterns: [outside] }] },
  },
]);
