import raycastConfig from '@raycast/eslint-config';
import { defineConfig } from 'eslint/config';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';

export default defineConfig([
  { ignores: ['dist/**', 'assets/**', 'raycast-env.d.ts', 'test/raycast-api/generated/**'] },
  ...raycastConfig,
  {
    plugins: { 'import-x': importX },
    settings: {
      'import-x/resolver-next': [createNodeResolver({ extensions: ['.ts', '.tsx', '.mjs'] })],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts', '.tsx'] },
    },
    rules: { curly: 'error', 'import-x/no-cycle': 'error' },
  },
]);
