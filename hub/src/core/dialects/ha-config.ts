/**
 * A Home Assistant discovery payload with its shorthand written out: abbreviations, `~`, and the device form's components each with
 * what they inherit (docs: MQTT discovery; the abbreviations are those of Home Assistant's own table, as far as they are read here).
 *
 * Owns no state.
 */
import { isObject, type Json, type JsonObject, memberOf, textOf } from './read-payload.ts';

const longNames: ReadonlyMap<string, string> = new Map(
  Object.entries({
    act_t: 'action_topic',
    act_tpl: 'action_template',
    avty: 'availability',
    avty_mode: 'availability_mode',
    avty_t: 'availability_topic',
    avty_tpl: 'availability_template',
    bri_scl: 'brightness_scale',
    bri_stat_t: 'brightness_state_topic',
    bri_val_tpl: 'brightness_value_template',
    cmd_t: 'command_topic',
    cmd_tpl: 'command_template',
    cmps: 'components',
    curr_hum_t: 'current_humidity_topic',
    curr_hum_tpl: 'current_humidity_template',
    curr_temp_t: 'current_temperature_topic',
    curr_temp_tpl: 'current_temperature_template',
    dev: 'device',
    dev_cla: 'device_class',
    exp_aft: 'expire_after',
    hum_stat_t: 'target_humidity_state_topic',
    hum_state_tpl: 'target_humidity_state_template',
    json_attr_t: 'json_attributes_topic',
    json_attr_tpl: 'json_attributes_template',
    mode_stat_t: 'mode_state_topic',
    mode_stat_tpl: 'mode_state_template',
    o: 'origin',
    obj_id: 'object_id',
    p: 'platform',
    pct_stat_t: 'percentage_state_topic',
    pct_val_tpl: 'percentage_value_template',
    pl_avail: 'payload_available',
    pl_cls: 'payload_close',
    pl_lock: 'payload_lock',
    pl_not_avail: 'payload_not_available',
    pl_off: 'payload_off',
    pl_on: 'payload_on',
    pl_open: 'payload_open',
    pl_prs: 'payload_press',
    pl_unlk: 'payload_unlock',
    pos_t: 'position_topic',
    pos_tpl: 'position_template',
    stat_cla: 'state_class',
    stat_off: 'state_off',
    stat_on: 'state_on',
    stat_t: 'state_topic',
    stat_val_tpl: 'state_value_template',
    temp_stat_t: 'temperature_state_topic',
    temp_stat_tpl: 'temperature_state_template',
    temp_unit: 'temperature_unit',
    uniq_id: 'unique_id',
    unit_of_meas: 'unit_of_measurement',
    val_tpl: 'value_template',
  }),
);
const longDeviceNames: ReadonlyMap<string, string> = new Map(
  Object.entries({
    cns: 'connections',
    ids: 'identifiers',
    mdl: 'model',
    mf: 'manufacturer',
    sw: 'sw_version',
    via: 'via_device',
  }),
);
const componentsMax = 500;
const configKeysMax = 200;

export interface HaConfig {
  readonly component: string;
  readonly node: string;
  readonly object: string;
  readonly config: JsonObject;
}

/** The prefix is anything: `homeassistant` unless somebody changed it, and then a bridge says so by its filter. */
const configTopic = /^homeassistant\/([a-z_]+)\/(?:([A-Za-z0-9_-]+)\/)?([A-Za-z0-9_-]+)\/config$/;

export function parseConfigTopic(topic: string): { component: string; node: string; object: string } | null {
  const found = configTopic.exec(topic);
  return found === null ? null : { component: found[1]!, node: found[2] ?? '', object: found[3]! };
}

/** One config for each entity: a single one, or as many as the device form has components. */
export function expandConfig(
  place: { component: string; node: string; object: string },
  payload: JsonObject,
): HaConfig[] {
  const config = writeOut(payload);
  if (place.component !== 'device') return [{ ...place, config }];
  const components = memberOf(config, 'components');
  if (!isObject(components)) return [];
  const { components: _, ...inherited } = config;
  return Object.entries(components)
    .slice(0, componentsMax)
    .flatMap(([key, value]) => {
      if (!isObject(value)) return [];
      const own = writeOut(value, textOf(payload, '~'));
      // A component with nothing but its platform is one taken away.
      const component = textOf(own, 'platform');
      if (component === undefined || Object.keys(own).length < 2) return [];
      return [{ component, node: place.object, object: key, config: { ...inherited, ...own } }];
    });
}

function writeOut(payload: JsonObject, outerBase?: string): JsonObject {
  const base = textOf(payload, '~') ?? outerBase;
  const out: Record<string, Json | undefined> = Object.create(null) as Record<string, Json | undefined>;
  for (const [key, value] of Object.entries(payload).slice(0, configKeysMax)) {
    const name = longNames.get(key) ?? key;
    out[name] = name.endsWith('_topic') && typeof value === 'string' ? fillBase(value, base) : value;
  }
  if (isObject(out.device)) out.device = renameKeys(out.device, longDeviceNames);
  const availability = out.availability;
  if (Array.isArray(availability)) {
    out.availability = availability
      .slice(0, 8)
      .flatMap((one: Json) => (isObject(one) ? [writeOutAvailability(one, base)] : []));
  } else if (isObject(availability)) out.availability = [writeOutAvailability(availability, base)];
  return out;
}

function writeOutAvailability(one: JsonObject, base: string | undefined): JsonObject {
  const named = renameKeys(one, longNames);
  const topic = textOf(named, 'topic') ?? textOf(named, 't');
  return { ...named, ...(topic === undefined ? {} : { topic: fillBase(topic, base) }) };
}

function renameKeys(of: JsonObject, names: ReadonlyMap<string, string>): JsonObject {
  return Object.fromEntries(
    Object.entries(of)
      .slice(0, configKeysMax)
      .map(([key, value]) => [names.get(key) ?? key, value]),
  );
}

/** `~` stands for the base topic at the beginning or the end. */
function fillBase(topic: string, base: string | undefined): string {
  if (base === undefined) return topic;
  if (topic.startsWith('~')) return `${base}${topic.slice(1)}`;
  return topic.endsWith('~') ? `${topic.slice(0, -1)}${base}` : topic;
}
