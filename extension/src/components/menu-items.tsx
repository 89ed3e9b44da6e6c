/** The menu's sections and items, drawn as they are said to be. */

import { MenuBarExtra } from '@raycast/api';
import type { ReactNode } from 'react';
import type { MenuAction, MenuItem, MenuSection } from '../lib/menu-types.ts';

export interface MenuItemsProps {
  readonly sections: readonly MenuSection[];
  readonly onAction: (action: MenuAction) => void;
}

export function MenuItems({ sections, onAction }: MenuItemsProps): ReactNode {
  return sections.map(({ key, title, items }) => (
    <MenuBarExtra.Section key={key} {...(title === undefined ? {} : { title })}>
      {items.map((item) => (
        <MenuBarExtra.Item key={item.key} {...propsOf(item, onAction)} />
      ))}
    </MenuBarExtra.Section>
  ));
}

function propsOf(
  { title, subtitle, icon, color, tooltip, action }: MenuItem,
  onAction: (action: MenuAction) => void,
): MenuBarExtra.Item.Props {
  return {
    title,
    ...(subtitle === undefined ? {} : { subtitle }),
    ...(icon === undefined ? {} : { icon: color === undefined ? icon : { source: icon, tintColor: color } }),
    ...(tooltip === undefined ? {} : { tooltip }),
    ...(action === undefined ? {} : { onAction: () => onAction(action) }),
  };
}
