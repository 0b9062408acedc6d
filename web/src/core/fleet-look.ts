/**
 * How the fleet is looked at: order, columns, groups. The part of the fleet's address that a saved view keeps.
 *
 * Owns no state. Invariant: `readLook(writeLook(x))` is x, for every x; what is usual is left out of the address.
 */

export interface FleetLook {
  /** Column key, '' for the order by need of attention. */
  readonly sort: string;
  readonly isDescending: boolean;
  /** Keys of columns in their order; null: chosen by what the devices have. */
  readonly columns: readonly string[] | null;
  /** `tag:site`, `model`, `firmware`, `status`; '' for none. */
  readonly group: string;
  /** Names of groups that are folded up. */
  readonly folded: readonly string[];
  /** Id of the saved view this was opened from. */
  readonly view: string;
  /** Device whose label and tags are being edited. */
  readonly edit: string;
}

export const plainLook: FleetLook = {
  sort: '',
  isDescending: false,
  columns: null,
  group: '',
  folded: [],
  view: '',
  edit: '',
};

const listMax = 64;
const textMax = 200;

export function readLook(params: ReadonlyMap<string, string>): FleetLook {
  const sort = (params.get('sort') ?? '').slice(0, textMax);
  const columns = params.get('cols');
  return {
    sort: sort.replace(/^-/, ''),
    isDescending: sort.startsWith('-') && sort.length > 1,
    columns: columns === undefined ? null : readList(columns),
    group: (params.get('group') ?? '').slice(0, textMax),
    folded: readList(params.get('fold') ?? ''),
    view: (params.get('view') ?? '').slice(0, textMax),
    edit: (params.get('edit') ?? '').slice(0, textMax),
  };
}

/** Parts of an address, as `name=value`. */
export function writeLook(look: FleetLook): string[] {
  const parts: string[] = [];
  if (look.sort !== '') parts.push(`sort=${look.isDescending ? '-' : ''}${encodeURIComponent(look.sort)}`);
  if (look.columns !== null) parts.push(`cols=${writeList(look.columns)}`);
  if (look.group !== '') parts.push(`group=${encodeURIComponent(look.group)}`);
  if (look.folded.length > 0) parts.push(`fold=${writeList(look.folded)}`);
  if (look.view !== '') parts.push(`view=${encodeURIComponent(look.view)}`);
  if (look.edit !== '') parts.push(`edit=${encodeURIComponent(look.edit)}`);
  return parts;
}

/** Commas keep entries apart; one inside an entry is written `~1`, and a tilde `~0`. */
function readList(text: string): string[] {
  if (text === '') return [];
  return text
    .split(',')
    .slice(0, listMax)
    .map((entry) => entry.slice(0, textMax).replaceAll('~1', ',').replaceAll('~0', '~'));
}

function writeList(entries: readonly string[]): string {
  return entries.map((entry) => encodeURIComponent(entry.replaceAll('~', '~0').replaceAll(',', '~1'))).join(',');
}
