/**
 * Finds a machine's sensors once: temperatures, CPU frequency, a Raspberry Pi's throttling and under-voltage.
 *
 * Owns nothing. One physical sensor often shows twice, as a thermal zone and in hwmon: names that agree are read once.
 */
import { type HostFiles, type HostReading, makeGauge, nameSafely } from './host-reading.ts';
import { parseNumber } from './proc-parsers.ts';

export interface Sensor {
  readonly name: string;
  read(): HostReading;
}

const temperaturesMax = 8;
/** Thermal zones and chips that measure the processor, on ARM boards and on PCs. */
const cpuSensor = /^(?:cpu|soc|x86-pkg-temp|coretemp|k10temp|zenpower)/;
const piThrottled = '/sys/devices/platform/soc/soc:firmware/get_throttled';

export function findSensors(files: HostFiles): readonly Sensor[] {
  return [...findTemperatures(files), ...findFrequency(files), ...findPiFlags(files)];
}

function findTemperatures(files: HostFiles): Sensor[] {
  const found = new Map<string, Sensor>();
  const add = (label: string, path: string): void => {
    const safe = nameSafely(label);
    const isCpu = cpuSensor.test(safe) && !found.has('cpu.temperature');
    const name = isCpu ? 'cpu.temperature' : `temperature.${safe}`;
    const isSameChip = cpuSensor.test(safe) && !isCpu && !/\d/.test(safe);
    if (found.size >= temperaturesMax || found.has(name) || isSameChip) return;
    // A zone that cannot be read now (an idle modem) may be read later; one that never could is no sensor.
    if (files.read(path) === null) return;
    found.set(name, {
      name,
      read: () => makeGauge(name, '°C', { value: checkCelsius(parseNumber(files.read(path)) / 1000), exponent: -1 }),
    });
  };
  for (const zone of files.list('/sys/class/thermal').filter((name) => name.startsWith('thermal_zone'))) {
    const folder = `/sys/class/thermal/${zone}`;
    add((files.read(`${folder}/type`) ?? zone).trim(), `${folder}/temp`);
  }
  for (const chip of files.list('/sys/class/hwmon')) {
    const folder = `/sys/class/hwmon/${chip}`;
    const chipName = (files.read(`${folder}/name`) ?? chip).trim();
    for (const input of files.list(folder).filter((name) => /^temp\d+_input$/.test(name))) {
      const label = files.read(`${folder}/${input.replace('_input', '_label')}`)?.trim();
      add(label === undefined || input === 'temp1_input' ? chipName : `${chipName}-${label}`, `${folder}/${input}`);
    }
  }
  return [...found.values()];
}

/** Sensors that are not connected report −273 or 255. */
function checkCelsius(celsius: number): number {
  return celsius > -60 && celsius < 200 ? celsius : Number.NaN;
}

function findFrequency(files: HostFiles): Sensor[] {
  const path = '/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq';
  if (files.read(path) === null) return [];
  const name = 'cpu.frequency';
  return [{ name, read: () => makeGauge(name, 'MHz', { value: parseNumber(files.read(path)) / 1000, exponent: 0 }) }];
}

/** Bits of get_throttled: 0 under-voltage, 1 frequency capped, 2 throttled, 3 soft temperature limit (Raspberry Pi firmware). */
function findPiFlags(files: HostFiles): Sensor[] {
  const readFlag = (name: string, mask: number): Sensor => ({
    name,
    read: () => {
      const bits = Number.parseInt(files.read(piThrottled) ?? '', 16);
      return makeBool(name, Number.isNaN(bits) ? Number.NaN : bits & mask);
    },
  });
  if (files.read(piThrottled) !== null) return [readFlag('pi.undervoltage', 0b0001), readFlag('pi.throttled', 0b1110)];
  for (const chip of files.list('/sys/class/hwmon')) {
    const folder = `/sys/class/hwmon/${chip}`;
    if (files.read(`${folder}/name`)?.trim() !== 'rpi_volt') continue;
    const name = 'pi.undervoltage';
    return [{ name, read: () => makeBool(name, parseNumber(files.read(`${folder}/in0_lcrit_alarm`))) }];
  }
  return [];
}

function makeBool(name: string, value: number): HostReading {
  return { name, unit: '', kind: 'bool', exponent: 0, whole: Number.isNaN(value) ? Number.NaN : value === 0 ? 0 : 1 };
}
