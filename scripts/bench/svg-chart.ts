/**
 * Bars as a small SVG by hand, readable on a light and on a dark page. Owns nothing.
 */
export interface Bar {
  readonly name: string;
  readonly value: number;
}

const width = 640;
const labelWidth = 210;
const valueWidth = 90;
const rowHeight = 26;

export function drawBars(title: string, bars: readonly Bar[]): string {
  const height = 44 + bars.length * rowHeight;
  const most = Math.max(...bars.map(({ value }) => value));
  const room = width - labelWidth - valueWidth;
  const rows = bars.map(({ name, value }, i) => {
    const y = 36 + i * rowHeight;
    const length = Math.max(1, Math.round((value / most) * room));
    const fill = name.startsWith('hub') ? '#0e7c86' : '#8a94a0';
    return [
      `<text x="${labelWidth - 8}" y="${y + 14}" text-anchor="end">${escapeText(name)}</text>`,
      `<rect x="${labelWidth}" y="${y}" width="${length}" height="18" rx="2" fill="${fill}"/>`,
      `<text x="${labelWidth + length + 6}" y="${y + 14}">${value.toLocaleString('en', { maximumSignificantDigits: 4 })}</text>`,
    ].join('');
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    '<style>text{font:13px system-ui,sans-serif;fill:#6b7580}.title{font-weight:600}</style>',
    `<title>${escapeText(title)}</title>`,
    `<text class="title" x="8" y="20">${escapeText(title)}</text>`,
    ...rows,
    '</svg>\n',
  ].join('\n');
}

const escapeText = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
