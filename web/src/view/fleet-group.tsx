/** The heading of a group: what it is called, how many devices, and how they stand, the worst told first. No state. */
import type { FleetGroup } from '../core/fleet-lines.ts';
import { fleetStatuses, needOfAttention, statusWords } from '../core/fleet-status.ts';
import { FoldIcon } from './fleet-icons.tsx';
import { StatusShape, WarningShape } from './status-mark.tsx';

const byNeed = [...fleetStatuses].sort((a, b) => needOfAttention[a] - needOfAttention[b]);

interface GroupProps {
  readonly group: FleetGroup;
  readonly by: string;
  readonly isFolded: boolean;
  fold(name: string): void;
}

export function GroupButton({ group, by, isFolded, fold, tabIndex }: GroupProps & { tabIndex: number }) {
  return (
    <button
      type="button"
      class="group-button"
      data-focus
      aria-expanded={!isFolded}
      tabIndex={tabIndex}
      onClick={() => fold(group.name)}
    >
      <FoldIcon isFolded={isFolded} />
      <StatusShape state={group.worst} />
      <b>{nameGroup(group.name, by)}</b>
      <span class="muted">{group.devices.length}</span>
      <span class="group-counts">
        {byNeed
          .filter((status) => group.counts[status] > 0 && status !== 'online')
          .map((status) => (
            <span key={status} class="group-count">
              <StatusShape state={status} />
              {group.counts[status]} <span class="group-word">{statusWords[status].toLowerCase()}</span>
            </span>
          ))}
        {group.warned > 0 && (
          <span class="group-count">
            <WarningShape />
            {group.warned} <span class="group-word">{group.warned === 1 ? 'warning' : 'warnings'}</span>
          </span>
        )}
      </span>
    </button>
  );
}

function nameGroup(name: string, by: string): string {
  if (by === 'status') return name === '' ? 'Unknown' : `${name[0]!.toUpperCase()}${name.slice(1)}`;
  if (name !== '') return name;
  return `No ${by.startsWith('tag:') ? by.slice(4) || 'tag' : by}`;
}
