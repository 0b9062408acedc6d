/**
 * The topics under which bodies of HTTP requests come to the readers. They begin with `$`, where no MQTT client may publish.
 *
 * ThingsBoard's HTTP bodies come under the topics of its MQTT API, with the token's device as the sender.
 */
export const requestTopics = {
  /** Plain JSON: an object of values, or an array of them. */
  json: '$http/json',
  /** `temp=21.5 hum=40`, also joined by `&`, `,` or lines; or one bare value. */
  values: '$http/values',
  senmlJson: '$http/senml+json',
  senmlCbor: '$http/senml+cbor',
  /** Influx line protocol; the precision is the last level: `$http/influx/ns`. */
  influxNs: '$http/influx/ns',
  influxUs: '$http/influx/us',
  influxMs: '$http/influx/ms',
  influxS: '$http/influx/s',
} as const;
