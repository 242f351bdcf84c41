/**
 * Charts as SVG text: scales, ticks, a frame, marks. This is our own code because it is small. A page must stand alone,
 * and its colours must follow the reader's light or dark. A charting library would bring a document model.
 */

/** From a value to a place on the page, in user units. */
export type Scale = (value: number) => number;

export interface Axis {
  readonly scale: Scale;
  readonly ticks: readonly { readonly at: number; readonly label: string }[];
  readonly title: string;
}

/** The size of the whole drawing, and the place of the plot in it. */
export const frame = { width: 640, height: 300, left: 66, right: 30, top: 12, bottom: 46 } as const;

export const plotLeft = frame.left;
export const plotRight = frame.width - frame.right;
export const plotTop = frame.top;
export const plotBottom = frame.height - frame.bottom;

export const escapeText = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** Two digits after the point are enough for a screen. */
const at = (value: number): string => String(Number(value.toFixed(2)));

export const linear = (from: number, to: number, start: number, end: number): Scale => {
  const span = to === from ? 1 : to - from;
  return (value) => start + ((value - from) / span) * (end - start);
};

/** Values below `from` are drawn at it. */
export const logarithmic = (from: number, to: number, start: number, end: number): Scale => {
  const low = Math.log10(from);
  const span = Math.log10(to) - low || 1;
  return (value) => start + ((Math.log10(Math.max(from, value)) - low) / span) * (end - start);
};

/** About `count` round values from 0 or below `least` to above `most`: steps of 1, 2 or 5 times a power of ten. */
export function roundTicks(most: number, count = 5, least = 0): number[] {
  const rough = (most - least || 1) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const first = Math.floor(least / step) * step;
  const ticks: number[] = [];
  for (let i = 0; first + i * step < most + step; i++) ticks.push(Number((first + i * step).toPrecision(12)));
  return ticks;
}

/** Powers of ten that cover least … most, with 2 and 5 between them if there are few. */
export function logTicks(least: number, most: number): number[] {
  const low = Math.floor(Math.log10(least) + 1e-9);
  const high = Math.ceil(Math.log10(most) - 1e-9);
  const decades = Array.from({ length: Math.max(1, high - low) + 1 }, (_, i) => 10 ** (low + i));
  if (decades.length > 3) return decades;
  return decades.flatMap((power, i) => (i === decades.length - 1 ? [power] : [power, 2 * power, 5 * power]));
}

/** Grid, axes and their words. */
export function axes(x: Axis, y: Axis): string {
  const vertical = x.ticks.map(({ at: value, label }) => {
    const place = at(x.scale(value));
    return `<line class="grid" x1="${place}" x2="${place}" y1="${plotTop}" y2="${plotBottom}"/><text class="tick" x="${place}" y="${plotBottom + 20}" text-anchor="middle">${escapeText(label)}</text>`;
  });
  const horizontal = y.ticks.map(({ at: value, label }) => {
    const place = y.scale(value);
    return `<line class="grid" x1="${plotLeft}" x2="${plotRight}" y1="${at(place)}" y2="${at(place)}"/><text class="tick" x="${plotLeft - 6}" y="${at(place + 4)}" text-anchor="end">${escapeText(label)}</text>`;
  });
  const middle = (plotTop + plotBottom) / 2;
  return [
    ...vertical,
    ...horizontal,
    `<path class="axis" d="M${plotLeft} ${plotTop}V${plotBottom}H${plotRight}"/>`,
    `<text class="axis-title" x="${(plotLeft + plotRight) / 2}" y="${frame.height - 8}" text-anchor="middle">${escapeText(x.title)}</text>`,
    `<text class="axis-title" transform="translate(14 ${middle}) rotate(-90)" text-anchor="middle">${escapeText(y.title)}</text>`,
  ].join("");
}

export type Point = readonly [x: number, y: number];

/** A line through the points; `series` chooses colour and dashes. */
export const line = (points: readonly Point[], series: number): string =>
  points.length === 0
    ? ""
    : `<path class="line s${series % 8}" d="${points.map(([x, y], i) => `${i === 0 ? "M" : "L"}${at(x)} ${at(y)}`).join("")}"/>`;

/**
 * A mark with a word that appears when it is pointed at. Each series has its own shape, so that colour is not needed.
 */
export function mark([x, y]: Point, series: number, title: string, open = false): string {
  const shapes = [
    `M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z`,
    `M-4 -4h8v8h-8z`,
    `M0 -5L5 4H-5z`,
    `M0 -5L5 0L0 5L-5 0z`,
    `M-5 -4H5L0 5z`,
  ];
  const shape = shapes[series % shapes.length];
  return `<path class="mark ${open ? "open " : ""}s${series % 8}" transform="translate(${at(x)} ${at(y)})" d="${shape}"><title>${escapeText(title)}</title></path>`;
}

/** A cross: what failed. */
export const cross = ([x, y]: Point, series: number, title: string): string =>
  `<path class="cross s${series % 8}" transform="translate(${at(x)} ${at(y)})" d="M-4 -4L4 4M4 -4L-4 4"><title>${escapeText(title)}</title></path>`;

export const bar = (x: number, width: number, y: number, series: number, title: string): string =>
  `<rect class="bar s${series % 8}" x="${at(x)}" y="${at(y)}" width="${at(width)}" height="${at(Math.max(0, plotBottom - y))}"><title>${escapeText(title)}</title></rect>`;

/** A short line across a bar's place: what would be possible. */
export const limit = (x: number, width: number, y: number, title: string): string =>
  `<path class="limit" d="M${at(x)} ${at(y)}h${at(width)}"><title>${escapeText(title)}</title></path>`;

export interface Chart {
  readonly id: string;
  readonly title: string;
  /** The content of the chart in words, for people who cannot see it. The figures are in the table next to it. */
  readonly description: string;
  readonly body: string;
  /** Names of the series, in order; empty if no name is needed. */
  readonly legend: readonly string[];
}

export function figure({ id, title, description, body, legend }: Chart): string {
  const keys = legend
    .map((name, i) => {
      const key = `${line(
        [
          [0, 7],
          [26, 7],
        ],
        i,
      )}${mark([13, 7], i, name)}`;
      return `<li><svg class="key" viewBox="0 0 26 14" aria-hidden="true">${key}</svg>${escapeText(name)}</li>`;
    })
    .join("");
  return [
    `<figure id="${id}"><figcaption>${escapeText(title)}</figcaption>`,
    `<svg viewBox="0 0 ${frame.width} ${frame.height}" role="img" aria-labelledby="${id}-t ${id}-d">`,
    `<title id="${id}-t">${escapeText(title)}</title><desc id="${id}-d">${escapeText(description)}</desc>${body}</svg>`,
    keys === "" ? "" : `<ul class="legend">${keys}</ul>`,
    "</figure>",
  ].join("");
}
