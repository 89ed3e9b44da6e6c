/** Turns type nodes of @raycast/api's declarations into shapes that a value can be held against at run time. */

import type * as TypeScript from 'typescript';
import type { Property, Shape, Table } from './table.ts';

/** Types from elsewhere, by their names. */
const foreign: Record<string, Shape> = {
  ReactNode: { kind: 'node' },
  'JSX.Element': { kind: 'element' },
  Date: { kind: 'date' },
  Promise: { kind: 'any' },
  URL: { kind: 'any' },
  Buffer: { kind: 'any' },
  AbortSignal: { kind: 'any' },
  // Node's: a path as a string, or as bytes or a URL, which Raycast's users do not use.
  PathLike: { kind: 'string' },
};

/** The meanings of type parameters at one place. */
type Bindings = ReadonlyMap<string, Shape>;

const noBindings: Bindings = new Map();

export class ShapeReader {
  readonly #ts: typeof TypeScript;
  readonly #checker: TypeScript.TypeChecker;
  readonly #table: Table;
  readonly #enumNames = new Map<TypeScript.Declaration, string>();

  constructor(ts: typeof TypeScript, checker: TypeScript.TypeChecker, table: Table) {
    this.#ts = ts;
    this.#checker = checker;
    this.#table = table;
  }

  /** Under the name that users write: one enum may be declared inside and exported under another name. */
  readEnum(name: string, declaration: TypeScript.EnumDeclaration): void {
    const members: Record<string, string | number> = {};
    for (const member of declaration.members) {
      const key = this.#ts.isStringLiteral(member.name) ? member.name.text : member.name.getText();
      const value = this.#checker.getConstantValue(member);
      if (value === undefined) {
        throw new Error(`${name}.${key} has no constant value`);
      }
      members[key] = value;
    }
    this.#table.enums[name] = members;
    if (!this.#enumNames.has(declaration)) {
      this.#enumNames.set(declaration, name);
    }
  }

  /** The properties of an interface, an object type or an intersection of such, inherited ones included. */
  propertiesOf(type: TypeScript.TypeNode, bindings = noBindings): Record<string, Property> {
    const ts = this.#ts;
    if (ts.isTypeLiteralNode(type)) {
      return this.#members(type.members, bindings);
    }
    if (ts.isIntersectionTypeNode(type)) {
      return Object.assign({}, ...type.types.map((part) => this.propertiesOf(part, bindings)));
    }
    if (ts.isTypeReferenceNode(type)) {
      return this.#propertiesOfNamed(type.typeName, type.typeArguments ?? [], bindings);
    }
    throw new Error(`Props of an unknown kind: ${type.getText()}`);
  }

  shapeOf(type: TypeScript.TypeNode, bindings = noBindings): Shape {
    const ts = this.#ts;
    if (ts.isParenthesizedTypeNode(type)) {
      return this.shapeOf(type.type, bindings);
    }
    if (ts.isUnionTypeNode(type)) {
      return { kind: 'union', of: type.types.map((each) => this.shapeOf(each, bindings)) };
    }
    if (ts.isIntersectionTypeNode(type)) {
      return { kind: 'all', of: type.types.map((each) => this.shapeOf(each, bindings)) };
    }
    if (ts.isArrayTypeNode(type)) {
      return { kind: 'array', of: this.shapeOf(type.elementType, bindings) };
    }
    if (ts.isFunctionTypeNode(type)) {
      return { kind: 'function' };
    }
    if (ts.isTypeLiteralNode(type)) {
      return this.#objectOf(type.members, bindings);
    }
    if (ts.isLiteralTypeNode(type)) {
      return this.#literal(type);
    }
    if (ts.isTypeReferenceNode(type)) {
      return this.#reference(type, bindings);
    }
    if (ts.isTemplateLiteralTypeNode(type)) {
      return this.#template(type);
    }
    if (ts.isIndexedAccessTypeNode(type) || ts.isTypeQueryNode(type)) {
      return { kind: 'any' };
    }
    return this.#keyword(type);
  }

  #keyword(type: TypeScript.TypeNode): Shape {
    const { SyntaxKind } = this.#ts;
    switch (type.kind) {
      case SyntaxKind.StringKeyword:
        return { kind: 'string' };
      case SyntaxKind.NumberKeyword:
        return { kind: 'number' };
      case SyntaxKind.BooleanKeyword:
        return { kind: 'boolean' };
      case SyntaxKind.UndefinedKeyword:
      case SyntaxKind.VoidKeyword:
        return { kind: 'undefined' };
      case SyntaxKind.AnyKeyword:
      case SyntaxKind.UnknownKeyword:
      case SyntaxKind.ObjectKeyword:
        return { kind: 'any' };
      default:
        throw new Error(`A type of an unknown kind: ${type.getText()}`);
    }
  }

  #literal({ literal }: TypeScript.LiteralTypeNode): Shape {
    const ts = this.#ts;
    if (literal.kind === ts.SyntaxKind.NullKeyword) {
      return { kind: 'null' };
    }
    if (literal.kind === ts.SyntaxKind.TrueKeyword) {
      return { kind: 'literal', value: true };
    }
    if (literal.kind === ts.SyntaxKind.FalseKeyword) {
      return { kind: 'literal', value: false };
    }
    if (ts.isStringLiteral(literal)) {
      return { kind: 'literal', value: literal.text };
    }
    if (ts.isNumericLiteral(literal)) {
      return { kind: 'literal', value: Number(literal.text) };
    }
    throw new Error(`A literal of an unknown kind: ${literal.getText()}`);
  }

  /** `${SomeEnum}`: the enum's values as strings. Others are some string. */
  #template(type: TypeScript.TemplateLiteralTypeNode): Shape {
    const [span] = type.templateSpans;
    const shape = span === undefined ? undefined : this.shapeOf(span.type);
    return type.templateSpans.length === 1 && shape?.kind === 'enum' ? shape : { kind: 'string' };
  }

  #reference(type: TypeScript.TypeReferenceNode, bindings: Bindings): Shape {
    const ts = this.#ts;
    const name = type.typeName.getText();
    const [argument] = type.typeArguments ?? [];
    const bound = bindings.get(name);
    if (bound !== undefined) {
      return bound;
    }
    if (name === 'ReactElement') {
      return { kind: 'element' };
    }
    if (name === 'Array' && argument !== undefined) {
      return { kind: 'array', of: this.shapeOf(argument, bindings) };
    }
    if (name === 'Record' && type.typeArguments?.[1] !== undefined) {
      return { kind: 'object', properties: {}, index: this.shapeOf(type.typeArguments[1], bindings) };
    }

    const symbol = this.#checker.getSymbolAtLocation(type.typeName);
    const declarations = symbol?.declarations ?? [];
    // Some of the package's own types are called like those.
    const isOwn = declarations.some((each) => !ts.isImportSpecifier(each));
    if (!isOwn && foreign[name] !== undefined) {
      return foreign[name];
    }
    const enumeration = declarations.find((each) => ts.isEnumDeclaration(each));
    if (enumeration !== undefined) {
      return { kind: 'enum', name: this.#enumName(enumeration) };
    }
    if (declarations.some((each) => ts.isTypeParameterDeclaration(each))) {
      return { kind: 'any' };
    }
    const [declaration] = declarations.filter(
      (each) =>
        ts.isInterfaceDeclaration(each) || ts.isTypeAliasDeclaration(each) || ts.isClassDeclaration(each),
    );
    if (declaration === undefined || symbol === undefined) {
      throw new Error(`An unknown type: ${name}`);
    }
    if (ts.isClassDeclaration(declaration)) {
      return { kind: 'any' };
    }
    if (type.typeArguments !== undefined) {
      return this.#declared(declaration, type.typeArguments, bindings);
    }
    const fullName = this.#checker.getFullyQualifiedName(symbol).replace(/^.*"\./, '');
    if (!(fullName in this.#table.types)) {
      // Set before it is read: types refer to themselves.
      this.#table.types[fullName] = { kind: 'any' };
      this.#table.types[fullName] = this.#declared(declaration, [], bindings);
    }
    return { kind: 'named', name: fullName };
  }

  #declared(
    declaration: TypeScript.Declaration,
    typeArguments: readonly TypeScript.TypeNode[],
    bindings: Bindings,
  ): Shape {
    const ts = this.#ts;
    if (ts.isTypeAliasDeclaration(declaration)) {
      return this.shapeOf(declaration.type, this.#bind(declaration.typeParameters, typeArguments, bindings));
    }
    if (!ts.isInterfaceDeclaration(declaration)) {
      throw new Error(`No shape: ${declaration.getText()}`);
    }
    const inner = this.#bind(declaration.typeParameters, typeArguments, bindings);
    const own = this.#objectOf(declaration.members, inner);
    return { ...own, properties: { ...this.#inherited(declaration, inner), ...own.properties } };
  }

  #propertiesOfNamed(
    name: TypeScript.EntityName,
    typeArguments: readonly TypeScript.TypeNode[],
    bindings: Bindings,
  ): Record<string, Property> {
    const ts = this.#ts;
    for (const declaration of this.#checker.getSymbolAtLocation(name)?.declarations ?? []) {
      if (ts.isInterfaceDeclaration(declaration)) {
        const inner = this.#bind(declaration.typeParameters, typeArguments, bindings);
        return { ...this.#inherited(declaration, inner), ...this.#members(declaration.members, inner) };
      }
      if (ts.isTypeAliasDeclaration(declaration)) {
        const inner = this.#bind(declaration.typeParameters, typeArguments, bindings);
        return this.propertiesOf(declaration.type, inner);
      }
    }
    throw new Error(`Props of an unknown type: ${name.getText()}`);
  }

  #inherited(declaration: TypeScript.InterfaceDeclaration, bindings: Bindings): Record<string, Property> {
    const properties: Record<string, Property> = {};
    for (const clause of declaration.heritageClauses ?? []) {
      for (const { expression, typeArguments } of clause.types) {
        const name = expression as unknown as TypeScript.EntityName;
        Object.assign(properties, this.#propertiesOfNamed(name, typeArguments ?? [], bindings));
      }
    }
    return properties;
  }

  #bind(
    parameters: readonly TypeScript.TypeParameterDeclaration[] | undefined,
    typeArguments: readonly TypeScript.TypeNode[],
    outer: Bindings,
  ): Bindings {
    return new Map(
      (parameters ?? []).map(({ name }, place) => {
        const given = typeArguments[place];
        return [name.text, given === undefined ? { kind: 'any' } : this.shapeOf(given, outer)];
      }),
    );
  }

  #objectOf(
    members: TypeScript.NodeArray<TypeScript.TypeElement>,
    bindings: Bindings,
  ): Shape & { kind: 'object' } {
    const index = members.find((member) => this.#ts.isIndexSignatureDeclaration(member));
    const properties = this.#members(members, bindings);
    return index === undefined
      ? { kind: 'object', properties }
      : { kind: 'object', properties, index: this.shapeOf(index.type, bindings) };
  }

  #members(
    members: TypeScript.NodeArray<TypeScript.TypeElement>,
    bindings: Bindings,
  ): Record<string, Property> {
    const ts = this.#ts;
    const properties: Record<string, Property> = {};
    for (const member of members) {
      if (ts.isMethodSignature(member)) {
        properties[member.name.getText()] = { optional: false, shape: { kind: 'function' } };
      } else if (ts.isPropertySignature(member) && member.type !== undefined) {
        properties[member.name.getText()] = {
          optional: member.questionToken !== undefined,
          shape: this.shapeOf(member.type, bindings),
        };
      }
    }
    return properties;
  }

  #enumName(declaration: TypeScript.EnumDeclaration): string {
    const known = this.#enumNames.get(declaration);
    if (known !== undefined) {
      return known;
    }
    const symbol = this.#checker.getSymbolAtLocation(declaration.name);
    const name = symbol === undefined ? declaration.name.text : this.#checker.getFullyQualifiedName(symbol);
    this.readEnum(name.replace(/^.*"\./, ''), declaration);
    return this.#enumNames.get(declaration) ?? name;
  }
}
