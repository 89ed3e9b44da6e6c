/** Reads @raycast/api's declarations with the TypeScript compiler, so that the double's checks are the package's own. */

import { createRequire } from 'node:module';
import type * as TypeScript from 'typescript';
import { ShapeReader } from './shapes.ts';
import type { ComponentSpec, Parameter, Table } from './table.ts';

const require = createRequire(import.meta.url);

/** Throws for a declaration of a kind that is not known here: a new version of the package has to be looked at. */
export function readDeclarations(path: string): Table {
  const ts = require('typescript') as typeof TypeScript;
  const program = ts.createProgram([path], { noLib: true, noResolve: true, types: [] });
  const source = program.getSourceFile(path);
  if (source === undefined) {
    throw new Error(`${path} cannot be read`);
  }
  const reader = new DeclarationReader(ts, program.getTypeChecker());
  reader.readFile(source);
  return reader.table;
}

class DeclarationReader {
  readonly table: Table = {
    components: {},
    enums: {},
    types: {},
    functions: {},
    constants: {},
    exports: [],
    examples: [],
  };
  readonly #ts: typeof TypeScript;
  readonly #checker: TypeScript.TypeChecker;
  readonly #shapes: ShapeReader;

  constructor(ts: typeof TypeScript, checker: TypeScript.TypeChecker) {
    this.#ts = ts;
    this.#checker = checker;
    this.#shapes = new ShapeReader(ts, checker, this.table);
  }

  readFile(source: TypeScript.SourceFile): void {
    for (const statement of source.statements) {
      this.#readStatement(statement, '');
      this.#readExamples(statement, source);
    }
    this.table.exports = [...new Set(this.table.exports)].sort();
  }

  #readStatement(statement: TypeScript.Statement, prefix: string): void {
    const ts = this.#ts;
    if (!isExported(ts, statement, prefix) || ts.getJSDocDeprecatedTag(statement) !== undefined) {
      return;
    }
    if (ts.isVariableStatement(statement)) {
      for (const declaration of statement.declarationList.declarations) {
        if (!ts.isIdentifier(declaration.name)) {
          continue;
        }
        const name = `${prefix}${declaration.name.text}`;
        this.#noteExport(name);
        if (declaration.type !== undefined) {
          this.#readConstant(name, declaration.type);
        }
      }
    } else if (ts.isFunctionDeclaration(statement) && statement.name !== undefined) {
      const name = `${prefix}${statement.name.text}`;
      this.#noteExport(name);
      (this.table.functions[name] ??= []).push(statement.parameters.map((each) => this.#parameter(each)));
    } else if (ts.isEnumDeclaration(statement)) {
      const name = `${prefix}${statement.name.text}`;
      this.#noteExport(name);
      this.#shapes.readEnum(name, statement);
    } else if (ts.isClassDeclaration(statement) && statement.name !== undefined) {
      const name = `${prefix}${statement.name.text}`;
      this.#noteExport(name);
      this.#readClass(name, statement);
    } else if (ts.isModuleDeclaration(statement) && statement.body !== undefined) {
      if (!ts.isModuleBlock(statement.body)) {
        return;
      }
      for (const inner of statement.body.statements) {
        this.#readStatement(inner, `${prefix}${statement.name.text}.`);
      }
    }
  }

  #noteExport(name: string): void {
    this.table.exports.push(name.split('.')[0] ?? name);
  }

  /** A component with its members, or a constant object. */
  #readConstant(name: string, type: TypeScript.TypeNode): void {
    const ts = this.#ts;
    if (ts.isIntersectionTypeNode(type)) {
      for (const part of type.types) {
        this.#readConstant(name, part);
      }
    } else if (ts.isTypeReferenceNode(type)) {
      const head = type.typeName.getText();
      const [props] = type.typeArguments ?? [];
      if ((head === 'FunctionComponent' || head === 'ForwardRefExoticComponent') && props !== undefined) {
        this.#addComponent(name, props);
      } else {
        this.#readMembers(name, type);
      }
    } else if (ts.isTypeLiteralNode(type)) {
      this.#readLiteral(name, type);
    }
  }

  /** An interface of members, such as `ListMembers`: each is `typeof` something. */
  #readMembers(name: string, type: TypeScript.TypeReferenceNode): void {
    const ts = this.#ts;
    for (const declaration of this.#declarations(type.typeName)) {
      if (!ts.isInterfaceDeclaration(declaration)) {
        continue;
      }
      if (declaration.name.text.startsWith('Deprecated') || name === 'environment') {
        continue;
      }
      this.#readMemberList(name, declaration.members);
    }
  }

  #readMemberList(name: string, members: TypeScript.NodeArray<TypeScript.TypeElement>): void {
    const ts = this.#ts;
    for (const member of members) {
      if (!ts.isPropertySignature(member) || ts.getJSDocDeprecatedTag(member) !== undefined) {
        continue;
      }
      const memberName = `${name}.${member.name.getText()}`;
      const { type } = member;
      if (type === undefined || !ts.isTypeQueryNode(type)) {
        continue;
      }
      for (const declaration of this.#declarations(type.exprName)) {
        if (ts.isVariableDeclaration(declaration) && declaration.type !== undefined) {
          this.#readConstant(memberName, declaration.type);
        } else if (ts.isEnumDeclaration(declaration)) {
          this.#shapes.readEnum(memberName, declaration);
        }
      }
    }
  }

  /** `{ Style: typeof ActionStyle }`, the call signature of a generic component, or an object of constants. */
  #readLiteral(name: string, type: TypeScript.TypeLiteralNode): void {
    const ts = this.#ts;
    const call = type.members.find((member) => ts.isCallSignatureDeclaration(member));
    const props = call?.parameters[0]?.type;
    if (props !== undefined) {
      this.#addComponent(name, props);
      return;
    }
    this.#readMemberList(name, type.members);
    const plain = type.members.filter(
      (member) =>
        ts.isPropertySignature(member) && member.type !== undefined && !ts.isTypeQueryNode(member.type),
    );
    if (plain.length > 0) {
      this.table.constants[name] = plain.map((member) => member.name?.getText() ?? '');
    }
  }

  #addComponent(name: string, type: TypeScript.TypeNode): void {
    // Props & RefAttributes<…>: the reference is React's own affair.
    const own = this.#ts.isIntersectionTypeNode(type) ? type.types[0] : type;
    if (own === undefined) {
      throw new Error(`${name}: a component without props`);
    }
    const spec: ComponentSpec = { props: this.#shapes.propertiesOf(own) };
    this.table.components[name] = spec;
  }

  /** The constructor and methods, named `Cache.new` and `Cache.get`. */
  #readClass(name: string, declaration: TypeScript.ClassDeclaration): void {
    const ts = this.#ts;
    for (const member of declaration.members) {
      const isHidden = ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Private;
      if (isHidden) {
        continue;
      }
      const parameters = (): Parameter[] =>
        (member as TypeScript.MethodDeclaration).parameters.map((each) => this.#parameter(each));
      if (ts.isConstructorDeclaration(member)) {
        (this.table.functions[`${name}.new`] ??= []).push(parameters());
      } else if (ts.isMethodDeclaration(member)) {
        (this.table.functions[`${name}.${member.name.getText()}`] ??= []).push(parameters());
      }
    }
  }

  #parameter(declaration: TypeScript.ParameterDeclaration): Parameter {
    return {
      name: declaration.name.getText(),
      optional: declaration.questionToken !== undefined || declaration.initializer !== undefined,
      shape: declaration.type === undefined ? { kind: 'any' } : this.#shapes.shapeOf(declaration.type),
    };
  }

  #declarations(name: TypeScript.EntityName): readonly TypeScript.Declaration[] {
    return this.#checker.getSymbolAtLocation(name)?.declarations ?? [];
  }

  /** Examples within a statement's comments, its members' ones included. */
  #readExamples(statement: TypeScript.Statement, source: TypeScript.SourceFile): void {
    const text = source.text.slice(statement.getFullStart(), statement.getEnd()).replaceAll('\r\n', '\n');
    for (const [comment] of text.matchAll(/\/\*\*[\s\S]*?\*\//g)) {
      const [, code] =
        /@example\s[\s\S]*?```[a-z]*\n([\s\S]*?)```/.exec(comment.replace(/^ *\* ?/gm, '')) ?? [];
      if (code?.includes('export default function') === true) {
        const imported = /import \{ ([^}]*) \}/.exec(code)?.[1] ?? '';
        this.table.examples.push({ about: `${this.table.examples.length + 1}: ${imported}`, code });
      }
    }
  }
}

function isExported(ts: typeof TypeScript, statement: TypeScript.Statement, prefix: string): boolean {
  // Within a namespace of a declaration file everything is exported unless it says `export {}`.
  return (
    prefix !== '' ||
    (ts.canHaveModifiers(statement) &&
      (ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false))
  );
}
