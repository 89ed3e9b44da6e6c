/** Holds the double against the examples in @raycast/api's own declarations: what they do has to be allowed. */

import * as react from 'react';
import * as jsxRuntime from 'react/jsx-runtime';
import * as os from 'node:os';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as timers from 'node:timers/promises';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { startRendering } from '../harness/reconciler.ts';
import type { TreeNode } from '../harness/tree.ts';
import { walk } from '../harness/tree.ts';
import { PlaceContext } from './components.ts';
import { declarations } from './declarations.ts';
import * as double from './index.ts';
import { raycast } from './raycast.ts';

const { examples } = declarations;
const here = path.dirname(fileURLToPath(import.meta.url));

/** Of the examples' own pictures nothing is here. */
const withKnownPictures = (code: string): string =>
  code.replace(/"[\w/-]+(@\w+)?\.(png|svg|gif)"/g, '"tidemark.png"');

const modules: Record<string, unknown> = {
  '@raycast/api': double,
  react,
  'react/jsx-runtime': jsxRuntime,
  'timers/promises': timers,
  os,
  path,
};

/** Runs an example as a module; undefined where it needs what the double leaves out. */
function commandOf(code: string): unknown {
  const { outputText } = ts.transpileModule(withKnownPictures(code), {
    compilerOptions: {
      module: ts.ModuleKind.CommonJS,
      jsx: ts.JsxEmit.ReactJSX,
      target: ts.ScriptTarget.ES2022,
    },
    fileName: 'example.tsx',
  });
  const exports: { default?: unknown } = {};
  let isKnown = true;
  const require = (name: string): unknown => {
    if (!(name in modules)) {
      isKnown = false;
    }
    return modules[name] ?? {};
  };
  new Function('require', 'exports', '__filename', '__dirname', outputText)(require, exports, here, here);
  return isKnown ? exports.default : undefined;
}

/** What is thrown while an element is rendered, or undefined. */
async function render(element: react.ReactNode, place: string): Promise<{ error: unknown; root: TreeNode }> {
  const root: TreeNode = { type: 'root', props: {}, children: [], parent: undefined };
  let error: unknown;
  const rendering = startRendering({ root, onCommit: () => undefined }, (each) => (error ??= each));
  rendering.render(react.createElement(PlaceContext.Provider, { value: place }, element));
  for (let turn = 0; turn < 3; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { error, root };
}

/** The examples that the package's own types allow: some lack an import or a prop. */
function wellTyped(): typeof examples {
  const options: ts.CompilerOptions = {
    jsx: ts.JsxEmit.ReactJSX,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    target: ts.ScriptTarget.ES2022,
    types: ['node'],
    noEmit: true,
    skipLibCheck: true,
    strictNullChecks: true,
  };
  const files = new Map(examples.map(({ code }, place) => [path.join(here, `example-${place}.tsx`), code]));
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists } = host;
  host.readFile = (name) => files.get(name) ?? readFile(name);
  host.fileExists = (name) => files.has(name) || fileExists(name);
  const program = ts.createProgram([...files.keys()], options, host);
  return [...files.keys()].flatMap((name, place) => {
    const source = program.getSourceFile(name);
    const example = examples[place];
    if (source === undefined || example === undefined) {
      return [];
    }
    const faults = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return faults.length === 0 ? [example] : [];
  });
}

const views = wellTyped().filter(({ code }) => /<(List|Grid|Detail|Form|MenuBarExtra)\b/.test(code));

test('there are examples of every view', () => {
  expect(views.length).toBeGreaterThan(50);
  for (const view of ['List', 'Grid', 'Detail', 'Form', 'MenuBarExtra']) {
    expect(views.some(({ code }) => code.includes(`<${view}`))).toBe(true);
  }
});

test.each(views)('example $about', async ({ code }) => {
  const command = commandOf(code);
  if (typeof command !== 'function') {
    return;
  }
  const isMenu = code.includes('<MenuBarExtra');
  raycast.restart({ command: isMenu ? 'menu-bar' : 'runs' });
  const { error, root } = await render(
    react.createElement(command as react.FC),
    isMenu ? 'menu-bar' : 'view',
  );
  expect(error).toBeUndefined();
  expect([...walk(root)].length).toBeGreaterThan(1);
});
