/** A source of Tidemark's as JavaScript that the long-term lines of Node run, for a package; lines stay where they were. */

import { stripTypeScriptTypes } from 'node:module';
import { dirname, posix } from 'node:path';
import { transformSync } from 'esbuild';
import ts from 'typescript';

/** Classes of explicit resource management, which come with `using` and cannot be compiled away. */
const lacking = /\b(?:Async)?DisposableStack\b/;

/**
 * The compiled text of the TypeScript or JavaScript file at `path`, which is relative to the repository. Types become spaces, so an
 * error's line is the source's; only a file with `using`, which Node 22 lacks, is written anew. Throws an Error that names the file.
 */
export function compile(source: string, path: string): string {
  const usings: ts.Node[] = [];
  const text = withCompiledAddresses(source, path, (node) => {
    if (ts.isIdentifier(node) && lacking.test(node.text)) {
      throw new Error(`${path} names ${node.text}, which Node 22 does not have`);
    }
    if (ts.isVariableDeclarationList(node) && isUsing(node)) {
      usings.push(node);
    }
  });
  const stripped = path.endsWith('.ts') ? stripTypeScriptTypes(text) : text;
  return usings.length > 0
    ? transformSync(stripped, { loader: 'js', format: 'esm', target: 'esnext', supported: { using: false } })
        .code
    : stripped;
}

/** The text with the addresses of modules as they are among compiled ones; `look` sees each of its nodes. */
export function withCompiledAddresses(
  source: string,
  path: string,
  look: (node: ts.Node) => void = () => undefined,
): string {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true);
  const edits: { readonly start: number; readonly end: number; readonly text: string }[] = [];
  const visit = (node: ts.Node): void => {
    const literal = addressIn(node);
    if (literal !== undefined) {
      const text = compiledAddress(literal.text, path);
      edits.push({ start: literal.getStart(file) + 1, end: literal.getEnd() - 1, text });
    }
    look(node);
    ts.forEachChild(node, visit);
  };
  visit(file);
  let text = source;
  for (const edit of edits.reverse()) {
    text = text.slice(0, edit.start) + edit.text + text.slice(edit.end);
  }
  return text;
}

/** The address of a module in an import, an export, an import(…), of a type too, or a `new URL(…, import.meta.url)`. */
function addressIn(node: ts.Node): ts.StringLiteral | undefined {
  let address: ts.Node | undefined;
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
    address = node.moduleSpecifier;
  } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    address = node.arguments[0];
  } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    address = node.argument.literal;
  } else if (
    ts.isNewExpression(node) &&
    node.expression.getText() === 'URL' &&
    node.arguments?.[1]?.getText() === 'import.meta.url'
  ) {
    address = node.arguments[0];
  }
  return address !== undefined && ts.isStringLiteral(address) ? address : undefined;
}

/** `@tidemark/shared/errors.ts`, seen from a file of daemon/src, is `../../shared/src/errors.js`. */
function compiledAddress(address: string, path: string): string {
  const shared = /^@tidemark\/shared\/(.+)$/.exec(address)?.[1];
  if (shared === undefined && !address.startsWith('.') && !address.endsWith('.ts')) {
    return address;
  }
  const relative =
    shared === undefined ? address : posix.relative(dirname(path), posix.join('shared', 'src', shared));
  return relative.replace(/\.ts$/, '.js');
}

/** Of `let` and `const`, one bit of the two is set in each; of `using` the third, with or without that of `const`. */
const isUsing = ({ flags }: ts.VariableDeclarationList): boolean => (flags & ts.NodeFlags.Using) !== 0;
