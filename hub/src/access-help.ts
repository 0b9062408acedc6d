/** What the three small commands that let somebody in say of themselves. No state. */

const shared = `  --data DIR   the hub's data folder    [./data, or $LAPWING_DATA]
  --json       one JSON object on standard output
  --help`;

export const accessHelp: Readonly<Record<string, string>> = {
  'sign-in-link': `Usage: lapwing sign-in-link [options]

Prints a link that signs a person in as the owner: once, within a day. The hub need not run.

${shared}

Example
  lapwing sign-in-link --data /var/lib/lapwing
`,
  'enrolment-key': `Usage: lapwing enrolment-key [options]

Makes a key by which devices come in at the running hub, and prints it; it is not kept in clear, and not shown again. A device that came
by it stays when the key is spent or removed. Settings on the page lists keys, with what is left of them, and removes them.

  --uses N     devices that it lets in  [any number]
  --label TEXT what it is for, as Settings lists it
${shared}

Example
  lapwing enrolment-key --uses 10 --label "greenhouse boards"
`,
  'api-token': `Usage: lapwing api-token [options]

Makes a token with which a program reads devices, history and the live feed of the running hub, over HTTP (Authorization: Bearer) and
MQTT (as the password); it changes nothing. It is not shown again. Settings on the page lists tokens, and revokes them.

  --label TEXT what it is for, as Settings lists it
${shared}

Example
  lapwing api-token --label "nightly export"
`,
};
