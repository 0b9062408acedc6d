/**
 * How one person likes to see things: units, clock, time zone, theme, density. For display only; nothing stored is changed.
 *
 * Owns no state. Invariant: a unit is shown in another one only if that other one is known here for it; everything else stays as
 * the device spelt it.
 */
export interface Preferences {
  readonly theme?: 'system' | 'light' | 'dark';
  readonly density?: 'comfortable' | 'dense';
  readonly clock?: '24' | '12';
  /** `local`, `utc`, or a name of the time zone database. */
  readonly zone?: string;
  /** What is measured → unit. */
  readonly units?: Readonly<Record<string, string>>;
  readonly fleet?: { readonly columns?: readonly string[]; readonly view?: string };
}

/** In the quantity's own base: base = value · scale + offset. */
interface UnitScale {
  readonly unit: string;
  readonly spellings: readonly string[];
  readonly scale: number;
  readonly offset: number;
}
export interface Quantity {
  readonly id: string;
  readonly label: string;
  readonly units: readonly UnitScale[];
}

function unit(name: string, scale: number, more: { offset?: number; also?: readonly string[] } = {}): UnitScale {
  return { unit: name, scale, offset: more.offset ?? 0, spellings: [name, ...(more.also ?? [])] };
}

export const quantities: readonly Quantity[] = [
  {
    id: 'temperature',
    label: 'Temperature',
    units: [
      unit('°C', 1, { also: ['Cel', 'degC', '℃'] }),
      unit('°F', 5 / 9, { offset: -160 / 9, also: ['degF', '℉'] }),
      unit('K', 1, { offset: -273.15 }),
    ],
  },
  {
    id: 'pressure',
    label: 'Pressure',
    units: [
      unit('hPa', 100, { also: ['mbar'] }),
      unit('Pa', 1),
      unit('kPa', 1_000),
      unit('bar', 100_000),
      unit('psi', 6_894.757293168),
      unit('mmHg', 133.322387415),
    ],
  },
  {
    id: 'speed',
    label: 'Speed',
    units: [
      unit('m/s', 1),
      unit('km/h', 1 / 3.6, { also: ['kph', 'kmh'] }),
      unit('mph', 0.44704),
      unit('kn', 1852 / 3600, { also: ['kt', 'knots'] }),
    ],
  },
  {
    id: 'length',
    label: 'Length',
    units: [unit('m', 1), unit('cm', 0.01), unit('mm', 0.001), unit('ft', 0.3048), unit('in', 0.0254)],
  },
  {
    id: 'volume',
    label: 'Volume',
    units: [unit('L', 1, { also: ['l'] }), unit('m³', 1_000, { also: ['m3'] }), unit('gal', 3.785411784)],
  },
  { id: 'mass', label: 'Mass', units: [unit('kg', 1), unit('g', 0.001), unit('lb', 0.45359237)] },
  {
    id: 'energy',
    label: 'Energy',
    units: [unit('kWh', 1), unit('Wh', 0.001), unit('MJ', 1 / 3.6), unit('J', 1 / 3_600_000)],
  },
];

export interface UnitChange {
  readonly unit: string;
  /** shown = value · scale + offset */
  readonly scale: number;
  readonly offset: number;
}

/** How a device's unit is shown; null: as it is. */
export function findUnitChange(spelling: string, chosen: Readonly<Record<string, string>>): UnitChange | null {
  for (const { id, units } of quantities) {
    const to = units.find((one) => one.unit === chosen[id]);
    const from = to === undefined ? undefined : units.find(({ spellings }) => spellings.includes(spelling));
    if (to === undefined || from === undefined || from === to) continue;
    return { unit: to.unit, scale: from.scale / to.scale, offset: (from.offset - to.offset) / to.scale };
  }
  return null;
}
