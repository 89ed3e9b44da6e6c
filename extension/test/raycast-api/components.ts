/** Raycast's components, made from the table: each checks its props and its place, and leaves an element of its name. */

import { createContext, createElement, useContext, useImperativeHandle } from 'react';
import type { FunctionComponent, ReactNode, Ref } from 'react';
import { problemWithProperties, WrongUse } from './check.ts';
import { checkPlace } from './nesting.ts';
import type { Place } from './nesting.ts';
import { loadTable } from './table.ts';
import type { Shape } from './table.ts';

/** Where the next component will stand; what renders the tree sets it for the root. */
export const PlaceContext = createContext<Place>('nowhere');

/** Props whose elements are shown where they are, as children are. */
const takesElements = (shape: Shape): boolean =>
  shape.kind === 'node' ||
  shape.kind === 'element' ||
  (shape.kind === 'union' && shape.of.some(takesElements));

/** `Action.Push`'s target is another view, shown when it is pushed. */
const notShown = new Set(['children', 'target']);

type Props = Readonly<Record<string, unknown>> & { children?: ReactNode; ref?: Ref<unknown> };

/** The component of a name in the declarations, such as `List.Item.Detail`. */
export function component(name: string): FunctionComponent<Props> {
  const spec = loadTable().components[name];
  if (spec === undefined) {
    throw new Error(`@raycast/api declares no component ${name}`);
  }
  const slots = Object.keys(spec.props).filter((prop) => {
    const shape = spec.props[prop]?.shape;
    return shape !== undefined && !notShown.has(prop) && takesElements(shape);
  });
  const isFormItem = 'id' in spec.props && name.startsWith('Form.');

  const Component: FunctionComponent<Props> = ({ ref, ...props }) => {
    const place = useContext(PlaceContext);
    const problem = problemWithProperties(spec.props, props, name);
    if (problem !== undefined) {
      throw new WrongUse(`<${name}>: ${problem}.`);
    }
    checkPlace(name, place);
    checkItself(name, props);
    useImperativeHandle(isFormItem ? ref : undefined, () => ({
      focus: () => undefined,
      reset: () => undefined,
    }));
    const { children, ...own } = props;
    for (const slot of slots) {
      delete (own as Record<string, unknown>)[slot];
    }
    return createElement(
      name,
      own,
      createElement(PlaceContext.Provider, { value: name }, children),
      ...shown(slots, props).map((slot) =>
        createElement(
          PlaceContext.Provider,
          { key: slot, value: `${name}#${slot}` },
          createElement('slot', { name: slot }, props[slot] as ReactNode),
        ),
      ),
    );
  };
  Component.displayName = name;
  return Component;
}

/** The slots that hold something. */
const shown = (slots: readonly string[], props: Props): string[] =>
  slots.filter((slot) => props[slot] !== undefined && props[slot] !== null);

/** What the documentation says of single components, beyond their types. */
function checkItself(name: string, props: Props): void {
  switch (name) {
    case 'MenuBarExtra.Item': {
      const alternate = props['alternate'] as { props: Props } | undefined;
      if (alternate === undefined) {
        return;
      }
      if (alternate.props['shortcut'] !== undefined || alternate.props['alternate'] !== undefined) {
        throw new WrongUse('<MenuBarExtra.Item>: an alternate has no shortcut and no alternate of its own.');
      }
      return;
    }
    case 'Detail':
    case 'List.Item.Detail': {
      const { markdown } = props;
      if (
        typeof markdown === 'string' &&
        /\]\((?!https?:|data:|raycast:|mailto:|file:|#|\/)[^)]*\)/.test(markdown)
      ) {
        throw new WrongUse(`<${name}>: its markdown links to what is neither an address nor data.`);
      }
    }
  }
}
