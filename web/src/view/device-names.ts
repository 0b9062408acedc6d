/** What people call devices, for components that know their ids. No state: what comes in later is there at the next rendering. */
import { nameDevice } from '../core/fleet-order.ts';
import { useApp } from './app-context.ts';

export function useDeviceNames(): (id: string) => string {
  const { model } = useApp();
  void model.structure.value;
  return (id) => nameDevice(model.feed.devices, id);
}
