/**
 * What a metric's name alone tells of its unit and kind, for dialects that say neither.
 *
 * Owns nothing but answers it gave before. *Invariant:* the answer depends on the name and whether the value is a number, so that a
 * metric keeps its unit for life; but for pressure, which has its usual unit only where the value can be the weather's, and else none. A
 * unit in the name (`voltage_mV`, `fuel_pct`) wins over one that people usually mean.
 */
import type { MetricKind } from '@lapwing/protocol';
import type { MetricShape } from './finding-list.ts';
import { readNumber, readSwitch } from './read-payload.ts';

/** The last word of a name, where it is a unit. One-letter units stand only after another word. */
const unitWords: ReadonlyMap<string, string> = new Map(
  Object.entries({
    c: '°C', degc: '°C', celsius: '°C', f: '°F', degf: '°F', fahrenheit: '°F', k: 'K', kelvin: 'K',
    pct: '%', percent: '%', percentage: '%', rh: '%',
    v: 'V', volt: 'V', volts: 'V', mv: 'mV', kv: 'kV', a: 'A', amp: 'A', amps: 'A', ma: 'mA',
    w: 'W', watt: 'W', watts: 'W', kw: 'kW', mw: 'mW', va: 'VA', var: 'var', wh: 'Wh', kwh: 'kWh', mah: 'mAh',
    pa: 'Pa', hpa: 'hPa', kpa: 'kPa', mbar: 'mbar', bar: 'bar', psi: 'psi',
    hz: 'Hz', khz: 'kHz', mhz: 'MHz', rpm: 'rpm', db: 'dB', dbm: 'dBm', lux: 'lx', lx: 'lx', ppm: 'ppm', ppb: 'ppb', ugm3: 'µg/m³',
    s: 's', sec: 's', secs: 's', second: 's', seconds: 's', ms: 'ms', us: 'µs', ns: 'ns', min: 'min', minutes: 'min', hours: 'h',
    mm: 'mm', cm: 'cm', m: 'm', km: 'km', kmh: 'km/h', mps: 'm/s', mph: 'mph', deg: '°', degrees: '°',
    g: 'g', kg: 'kg', l: 'L', liters: 'L', litres: 'L', ml: 'mL', m3: 'm³',
    bytes: 'B', byte: 'B', kb: 'kB', mb: 'MB', gb: 'GB', kib: 'KiB', mib: 'MiB', gib: 'GiB', bps: 'bit/s',
  }),
); // biome-ignore format: a table is read by its columns

/** What people mean by a word when they name no unit. */
const usualUnits: ReadonlyMap<string, string> = new Map(
  Object.entries({
    temperature: '°C', temp: '°C', dewpoint: '°C', dew_point: '°C', humidity: '%', hum: '%', moisture: '%',
    battery: '%', battery_level: '%', bat: '%', brightness: '%', pressure: 'hPa', barometer: 'hPa', voltage: 'V', vcc: 'V', vbat: 'V',
    current: 'A', power: 'W', apparent_power: 'VA', reactive_power: 'var', energy: 'kWh', frequency: 'Hz',
    rssi: 'dBm', snr: 'dB', illuminance: 'lx', lux: 'lx', light_level: 'lx',
    co2: 'ppm', eco2: 'ppm', carbon_dioxide: 'ppm', tvoc: 'ppb', voc: 'ppb', pm1: 'µg/m³', pm2: 'µg/m³', pm25: 'µg/m³', pm2_5: 'µg/m³', pm10: 'µg/m³',
    uptime: 's', distance: 'm', altitude: 'm', latitude: '°', longitude: '°', lat: '°', lon: '°', lng: '°', wind_speed: 'm/s',
    wind_direction: '°', rain: 'mm', precipitation: 'mm',
  }),
); // biome-ignore format: as above

/** Energy rises for ever; `energy_rate` and `total_power` do not. */
const counterUnits: ReadonlySet<string> = new Set(['Wh', 'kWh', 'mAh']);
const counterWords: ReadonlySet<string> = new Set(['total', 'count', 'counter', 'pulses', 'packets', 'errors']);
const gaugeQuantities =
  /(^|_)(temp|temperature|power|voltage|current|humidity|pressure|memory|mem|size|capacity|free|used)(_|$)/;

/** Unit and kind for the metric `name` (dots between levels), given one of its values. */
export function inferMetric(name: string, value: number | string | boolean): MetricShape {
  if (typeof value === 'boolean') return { metric: name, unit: '', kind: 'bool' };
  if (typeof value === 'string') return { metric: name, unit: '', kind: 'text' };
  let known = numbers.get(name);
  if (known === undefined) {
    const unit = inferUnit(name);
    const shape: MetricShape = { metric: name, unit, kind: inferKind(name, unit) };
    known = { shape, bare: isPressure(name, unit) ? { ...shape, unit: '' } : null };
    if (numbers.size >= numbersMax) numbers.clear();
    numbers.set(name, known);
  }
  // A boiler's 1.5 is bar, a tyre's 32 psi: only what air can have is taken for the weather's.
  return known.bare !== null && !(value >= airMin && value <= airMax) ? known.bare : known.shape;
}

/** By what people usually mean, not by a unit in its name. */
function isPressure(name: string, unit: string): boolean {
  return unit === 'hPa' && !/hpa$/i.test(name);
}
const airMin = 300;
const airMax = 1_200;

/** What was told of numbers' names lately: a device says the same ones all its life. */
const numbers = new Map<string, { readonly shape: MetricShape; readonly bare: MetricShape | null }>();
const numbersMax = 8_192;

export function inferUnit(name: string): string {
  const level = name.slice(name.lastIndexOf('.') + 1);
  const words = splitWords(level);
  // `voltage_mV` ends in one word, though it looks like two.
  const ending = /[\W_]([A-Za-z]\w*)$/.exec(level)?.[1]?.toLowerCase();
  const told =
    (ending === undefined ? undefined : unitOfWord(ending, false)) ??
    unitOfWord(words.at(-1) ?? '', words.length === 1);
  if (told !== undefined) return told;
  // The longest ending that means something: `outdoor_dew_point`, then `dew_point`, then `point`. A number at the end names a channel.
  const plain = /^\d+$/.test(words.at(-1) ?? '') && words.length > 1 ? words.slice(0, -1) : words;
  for (let from = 0; from < plain.length; from++) {
    const found = usualUnits.get(plain.slice(from).join('_'));
    if (found !== undefined) return found;
  }
  return '';
}

function unitOfWord(word: string, alone: boolean): string | undefined {
  // `m` or `a` alone is somebody's variable, `lux` or `rpm` alone is what it says.
  return alone && word.length < 3 ? undefined : unitWords.get(word);
}

function splitWords(name: string): string[] {
  return name
    .slice(0, 200)
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
}

function inferKind(name: string, unit: string): MetricKind {
  if (counterUnits.has(unit)) return 'counter';
  const words = splitWords(name.slice(name.lastIndexOf('.') + 1));
  if (gaugeQuantities.test(words.join('_'))) return 'gauge';
  return words.length > 1 && counterWords.has(words.at(-1) ?? '') ? 'counter' : 'gauge';
}

/** Unit and kind as sent with one text value: a number, a switch word, or text. */
export function inferText(name: string, text: string): { shape: MetricShape; value: number | string | boolean } {
  const number = readNumber(text);
  const value = number ?? readSwitch(text) ?? text;
  return { shape: inferMetric(name, value), value };
}

/** One spelling for each unit, whatever a device calls it. */
const spellings: ReadonlyMap<string, string> = new Map(
  Object.entries({
    C: '°C', ºC: '°C', '℃': '°C', Cel: '°C', degC: '°C', F: '°F', ºF: '°F', '℉': '°F', degF: '°F', '%RH': '%', '%rh': '%', pct: '%',
    lux: 'lx', kwh: 'kWh', KWh: 'kWh', wh: 'Wh', VAR: 'var', VAr: 'var', volt: 'V', ampere: 'A', 'μg/m³': 'µg/m³', 'ug/m3': 'µg/m³',
    'µg/m3': 'µg/m³', 'm^3': 'm³', m3: 'm³', 'm3/h': 'm³/h', deg: '°', degrees: '°', seconds: 's', sec: 's', lqi: '', l: 'L', none: '',
  }),
); // biome-ignore format: as above

export function spellUnit(unit: string): string {
  const trimmed = unit.trim();
  return spellings.get(trimmed) ?? trimmed;
}
