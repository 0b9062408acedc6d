/** Tells the frame loop what a person does, before anything answers it. Owns the page's listeners; looks at no event but its kind. */
import type { FrameLoop } from './frame-loop.ts';

const pressing = ['keydown', 'keyup', 'pointerdown', 'pointerup', 'click'];
const moving = ['wheel', 'touchmove', 'scroll', 'resize', 'input'];

export function followTouch(frames: Pick<FrameLoop, 'answer' | 'stir'>): void {
  const how = { capture: true, passive: true };
  for (const name of pressing) addEventListener(name, () => frames.answer(), how);
  for (const name of moving) addEventListener(name, () => frames.stir(), how);
  // What follows a pointer that only passes paints itself.
  addEventListener('pointermove', ({ buttons }) => buttons !== 0 && frames.stir(), how);
}
