/**
 * The mouse, fingers, and the wheel on a picture: a drag of the mouse marks a range, one finger pans, two zoom, the wheel zooms
 * where the picture has the focus.
 *
 * @import { Gestures } from '../explorer-data.ts'
 */

/**
 * @param {SVGElement} picture
 * @param {Gestures} gestures
 */
export function followGestures(picture, { onHover, onTap, onRange, onRangeEnd, onPan, onZoom }) {
  /** Where each finger, or the mouse with its button down, is. @type {Map<number, number>} */
  const pointers = new Map();
  /** @type {{ from: number, isTouch: boolean, hasMoved: boolean } | undefined} */
  let drag;
  /** @param {MouseEvent} event */
  const xOf = (event) => event.clientX - picture.getBoundingClientRect().left;

  picture.addEventListener('pointerdown', (event) => {
    if (event.button === 0) {
      pointers.set(event.pointerId, xOf(event));
      drag = { from: xOf(event), isTouch: event.pointerType === 'touch', hasMoved: false };
      picture.setPointerCapture(event.pointerId);
    }
  });
  picture.addEventListener('pointermove', (event) => {
    const x = xOf(event);
    const before = pointers.get(event.pointerId);
    if (before === undefined || drag === undefined) {
      onHover(x);
      return;
    }
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    pointers.set(event.pointerId, x);
    drag.hasMoved ||= Math.abs(x - drag.from) > 4;
    if (other !== undefined) {
      drag.hasMoved = true;
      onZoom(Math.max(8, Math.abs(before - other)) / Math.max(8, Math.abs(x - other)), (x + other) / 2);
    } else if (drag.isTouch) {
      onPan(before - x);
    } else if (drag.hasMoved) {
      onRange(Math.min(x, drag.from), Math.max(x, drag.from));
    }
  });
  /** @param {PointerEvent} event */
  const release = (event) => {
    pointers.delete(event.pointerId);
    onRange(0, 0);
    if (drag === undefined || pointers.size > 0) {
      return;
    }
    const { from, isTouch, hasMoved } = drag;
    const x = xOf(event);
    drag = undefined;
    if (event.type === 'pointercancel') {
      return;
    }
    if (!hasMoved) {
      onTap(x);
    } else if (!isTouch) {
      onRangeEnd(Math.min(x, from), Math.max(x, from));
    }
  };
  picture.addEventListener('pointerup', release);
  picture.addEventListener('pointercancel', release);
  picture.addEventListener(
    'wheel',
    (event) => {
      // A page scrolls. A picture that has the focus zooms, and so does a pinch on a touchpad, which says Ctrl.
      if (event.ctrlKey || event.metaKey || document.activeElement === picture) {
        event.preventDefault();
        onZoom(Math.exp(event.deltaY / 300), xOf(event));
      }
    },
    { passive: false },
  );
}
