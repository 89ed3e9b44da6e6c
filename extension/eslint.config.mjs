import raycastConfig from '@raycast/eslint-config';
import { defineConfig } from 'eslint/config';

export default defineConfig([
  { ignores: ['dist/**', 'assets/**', 'raycast-env.d.ts', 'test/raycast-api/generated/**'] },
  ...raycastConfig,
  { rules: { curly: 'error' } },
]);
