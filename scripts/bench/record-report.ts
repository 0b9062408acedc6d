/**
 * Writes a report into hub/BENCHMARKS.md, between the marks of its scenario, with a bar chart beside it where there is something
 * to compare. Owns those marks and hub/benchmarks/. It touches no other text: what people wrote around the marks stays.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describeMachine, type LoadReport, readVersions } from '../load-report.ts';
import { drawBars } from './svg-chart.ts';

const folder = resolve(import.meta.dirname, '../../hub');
const page = join(folder, 'BENCHMARKS.md');

/** What is drawn, of each scenario: the measure, and what it says. */
const charts: Readonly<Record<string, { measure: string; title: string }>> = {
  live: { measure: 'readingsPerCpuSecond', title: 'Live, one frame a sample: readings per CPU-second' },
  batch: { measure: 'readingsPerCpuSecond', title: 'Batches: readings per CPU-second' },
  size: { measure: 'bytesPerReading', title: 'Bytes on disk per reading' },
  query: { measure: 'warmMsP50', title: '30 days at 1 Hz to 1,000 buckets: p50, ms' },
  connections: { measure: 'rssMiB', title: 'Idle devices: RSS, MiB' },
  growth: { measure: 'queryMs', title: 'A query while the store grows: p50, ms' },
  restart: { measure: 'firstAnswerMs', title: 'kill -9 to the first history answer, ms' },
};

export function recordReport(report: LoadReport, args: readonly string[]): void {
  const section = nameSection(report, args);
  mkdirSync(join(folder, 'benchmarks'), { recursive: true });
  const text = existsSync(page) ? readFileSync(page, 'utf8') : '# Benchmarks\n';
  const marks = [`<!-- ${section}: begin -->`, `<!-- ${section}: end -->`] as const;
  const body = [marks[0], '', ...describe(report, args), ...drawChart(report, section), marks[1]].join('\n');
  const from = text.indexOf(marks[0]);
  const to = text.indexOf(marks[1]);
  const next =
    from === -1
      ? `${text.trimEnd()}\n\n## ${section}\n\n${body}\n`
      : text.slice(0, from) + body + text.slice(to + marks[1].length);
  writeFileSync(page, next);
}

/** Another rate is another section. */
function nameSection({ scenario }: LoadReport, args: readonly string[]): string {
  const at = args.indexOf('--hz');
  return at === -1 ? scenario : `${scenario}-${args[at + 1]}-hz`;
}

function describe(report: LoadReport, args: readonly string[]): string[] {
  const machine = describeMachine();
  const versions = { ...readVersions(), ...report.versions };
  const said = args.filter((arg) => arg !== '--record').join(' ');
  const list = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `\`npm run bench -- ${said}\` · ${report.rounds === 1 ? 'one round' : `${report.rounds} rounds, medians`} · ` +
      `${machine.processors} × ${machine.processor}, ${machine.memoryGiB} GiB, ${machine.platform} · ${list.join(', ')}`,
    '',
    '| goal | bound | measured | |',
    '| --- | --- | --- | --- |',
    ...report.goals.map((g) => `| ${g.name} | ${g.bound} ${g.unit} | ${g.value} | ${g.met ? 'met' : '**not met**'} |`),
    '',
    ...listFigures(report.figures),
  ];
}

/** `contestant.measure` becomes a table of measures by contestants; what has no dot, a line before it. */
function listFigures(figures: LoadReport['figures']): string[] {
  const contestants: string[] = [];
  const measures: string[] = [];
  const facts: string[] = [];
  for (const [name, value] of Object.entries(figures)) {
    const { contestant, measure } = splitName(name);
    if (measure === '') {
      if (value !== '') facts.push(`${name} ${value}`);
    } else if (!measure.endsWith('.quartiles')) {
      if (!contestants.includes(contestant)) contestants.push(contestant);
      if (!measures.includes(measure)) measures.push(measure);
    }
  }
  const cell = (contestant: string, measure: string): string => {
    const value = figures[`${contestant}.${measure}`];
    const quartiles = figures[`${contestant}.${measure}.quartiles`];
    if (value === undefined) return '';
    return quartiles === undefined ? `${group(value)}` : `${group(value)} (${quartiles})`;
  };
  return [
    ...(facts.length === 0 ? [] : [`${facts.join(' · ')}.`, '']),
    `| median (quartiles) | ${contestants.join(' | ')} |`,
    `| --- |${' --- |'.repeat(contestants.length)}`,
    ...measures.map((measure) => `| ${measure} | ${contestants.map((one) => cell(one, measure)).join(' | ')} |`),
    '',
  ];
}

function splitName(name: string): { contestant: string; measure: string } {
  const dot = name.indexOf('.');
  return dot === -1
    ? { contestant: name, measure: '' }
    : { contestant: name.slice(0, dot), measure: name.slice(dot + 1) };
}

const group = (value: number | string | null): string =>
  typeof value === 'number' ? value.toLocaleString('en', { maximumSignificantDigits: 6 }) : String(value);

function drawChart({ scenario, figures }: LoadReport, section: string): string[] {
  const chart = charts[scenario];
  if (chart === undefined) return [];
  const bars = Object.entries(figures).flatMap(([name, value]) => {
    const { contestant, measure } = splitName(name);
    return measure === chart.measure && typeof value === 'number' ? [{ name: contestant, value }] : [];
  });
  if (bars.length < 2) return [];
  writeFileSync(join(folder, `benchmarks/${section}.svg`), drawBars(chart.title, bars));
  return [`![${chart.title}](benchmarks/${section}.svg)`, ''];
}
