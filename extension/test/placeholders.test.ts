/** Every place in which a person types or searches says what belongs there, as Raycast's store asks for. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { raycast } from './raycast-api/raycast.ts';

const sourceFolder = fileURLToPath(new URL('../src', import.meta.url));

/** By component, the prop that says it; those of Raycast's fields that are not here have no such prop. */
const promptOf: Readonly<Record<string, string>> = {
  'Form.TextField': 'placeholder',
  'Form.TextArea': 'placeholder',
  'Form.PasswordField': 'placeholder',
  'Form.Dropdown': 'placeholder',
  'Form.TagPicker': 'placeholder',
  List: 'searchBarPlaceholder',
  Grid: 'searchBarPlaceholder',
};

/** Fields in which nothing is typed, so that there is nothing to say. */
const withoutPrompt = [
  'Form.Checkbox',
  'Form.DatePicker',
  'Form.Description',
  'Form.Dropdown.Item',
  'Form.Dropdown.Section',
  'Form.FilePicker',
  'Form.Separator',
  'Form.TagPicker.Item',
];

interface Place {
  readonly file: string;
  readonly component: string;
  readonly title: string;
  readonly props: readonly string[];
}

function placesIn(file: string): Place[] {
  const text = readFileSync(join(sourceFolder, file), 'utf8');
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX);
  const found: Place[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isJsxSelfClosingElement(node) || ts.isJsxOpeningElement(node)) {
      const attributes = node.attributes.properties.filter((each) => ts.isJsxAttribute(each));
      const title = attributes.find(({ name }) => ['title', 'label'].includes(name.getText()));
      found.push({
        file,
        component: node.tagName.getText(),
        title: title?.initializer?.getText() ?? '',
        props: attributes.map(({ name }) => name.getText()),
      });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const places = readdirSync(sourceFolder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.tsx'))
  .flatMap(placesIn);

const prompted = places.filter(({ component }) => component in promptOf);

test('there are fields and lists to look at', () => {
  expect(prompted.filter(({ component }) => component.startsWith('Form.')).length).toBeGreaterThan(15);
  expect(prompted.filter(({ component }) => component === 'List').length).toBeGreaterThan(3);
});

test.each(prompted)('$component $title in $file says what belongs there', ({ component, props }) => {
  expect(props).toContain(promptOf[component]);
});

test('each kind of field either has a prompt or has a reason for none', () => {
  const fields = places.map(({ component }) => component).filter((name) => name.startsWith('Form.'));
  expect(fields.filter((name) => !(name in promptOf) && !withoutPrompt.includes(name))).toEqual([]);
});

const { manifest } = raycast;
const preferences = [
  ...(manifest.preferences ?? []),
  ...manifest.commands.flatMap((command) => command.preferences ?? []),
];

test.each(preferences.filter(({ type }) => type === 'textfield' || type === 'password'))(
  'the preference $name says what belongs there',
  (preference) => {
    expect((preference as { placeholder?: string }).placeholder).toMatch(/\S/);
  },
);

const typed = manifest.commands.flatMap((command) => command.arguments ?? []);

test.each(typed)('the argument $name says what belongs there', (argument) => {
  expect((argument as { placeholder?: string }).placeholder).toMatch(/\S/);
});
