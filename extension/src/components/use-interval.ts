/** Something done again and again while a component is shown, and while there is a reason to. */

import { useEffect } from 'react';

export function useInterval(act: () => void, milliseconds: number, isActive = true): void {
  useEffect(() => {
    if (!isActive) {
      return undefined;
    }
    const timer = setInterval(act, milliseconds);
    return () => clearInterval(timer);
  }, [act, milliseconds, isActive]);
}
