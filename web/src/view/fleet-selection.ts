/**
 * Which devices are picked, to do something with all of them.
 *
 * Owns the picked ids. Invariant: what is picked stays picked while rows move, and goes when the filter hides it only if the person clears it:
 * the bar always says how many there are.
 */
import { type Signal, useSignal } from '@preact/signals';
import { useMemo, useRef } from 'preact/hooks';

export interface Selection {
  readonly ids: Signal<ReadonlySet<string>>;
  /** Check boxes are shown though nothing is picked yet: on a phone, where nothing hovers. */
  readonly isPicking: Signal<boolean>;
  /** Ids of the rows from top to bottom. */
  readonly order: { current: readonly string[] };
  toggle(id: string, isRange: boolean): void;
  toggleAll(): void;
  isAll(): boolean;
  clear(): void;
  edit(ids: readonly string[] | string): void;
}

export function useSelection(editDevices: (ids: readonly string[]) => void): Selection {
  const ids = useSignal<ReadonlySet<string>>(new Set());
  const isPicking = useSignal(false);
  const order = useRef<readonly string[]>([]);
  const last = useRef('');
  const edit = useRef(editDevices);
  edit.current = editDevices;
  return useMemo(
    () => ({
      ids,
      isPicking,
      order,
      toggle: (id, isRange) => {
        const next = new Set(ids.peek());
        const from = order.current.indexOf(last.current);
        const to = order.current.indexOf(id);
        if (isRange && from >= 0 && to >= 0) {
          for (const one of order.current.slice(Math.min(from, to), Math.max(from, to) + 1)) next.add(one);
        } else if (!next.delete(id)) next.add(id);
        last.current = id;
        ids.value = next;
      },
      toggleAll: () => {
        ids.value = isAllPicked(ids.peek(), order.current) ? new Set() : new Set(order.current);
      },
      isAll: () => isAllPicked(ids.value, order.current),
      clear: () => {
        ids.value = new Set();
        isPicking.value = false;
      },
      edit: (wanted) => {
        const list = typeof wanted === 'string' ? [wanted] : wanted;
        const picked = [...ids.peek()];
        const chosen = picked.length > 0 && list.every((id) => picked.includes(id)) ? picked : list;
        if (chosen.length > 0) edit.current(chosen);
      },
    }),
    [],
  );
}

function isAllPicked(picked: ReadonlySet<string>, order: readonly string[]): boolean {
  return order.length > 0 && picked.size >= order.length && order.every((id) => picked.has(id));
}
