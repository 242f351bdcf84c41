/**
 * All lines that pass below some points and above others (Duda's convex hulls; linear programming in two unknowns). Only
 * the lower hull of the upper points and the upper hull of the lower ones matter. The lines are a convex polygon in the
 * plane of height and slope. Its corners touch two constraints each, and no line of it lies outside them anywhere.
 */

export interface PlanePoint {
  readonly x: number;
  readonly y: number;
}

export interface Line {
  /** At x = 0. */
  readonly height: number;
  readonly slope: number;
}

/** What rounding may do to heights; it makes the polygon larger and never smaller. */
const roundingAt = 1e-2;

export const heightAt = ({ height, slope }: Line, x: number): number => height + slope * x;

/**
 * The corners of the polygon: lines with slopes within ± `mostSlope`, on or below all `uppers` and on or above all
 * `lowers`. Empty: no line fits. There is at least one point of each kind.
 */
export function feasibleLines(uppers: readonly PlanePoint[], lowers: readonly PlanePoint[], mostSlope: number): Line[] {
  const above = lowerHull(uppers);
  const below = lowerHull(lowers.map(({ x, y }) => ({ x, y: -y }))).map(({ x, y }) => ({ x, y: -y }));
  const fits = (line: Line): boolean =>
    Math.abs(line.slope) <= mostSlope * (1 + 1e-12) &&
    above.every(({ x, y }) => heightAt(line, x) <= y + roundingAt) &&
    below.every(({ x, y }) => heightAt(line, x) >= y - roundingAt);
  return candidates(above, below, mostSlope).filter(fits);
}

/** Lines through two constraints each: of one hull neighbours only, since others are cut off by what lies between. */
function candidates(above: readonly PlanePoint[], below: readonly PlanePoint[], mostSlope: number): Line[] {
  const lines: Line[] = [];
  const add = (a: PlanePoint, b: PlanePoint): void => {
    if (a.x === b.x) return;
    const slope = (b.y - a.y) / (b.x - a.x);
    lines.push({ slope, height: a.y - slope * a.x });
  };
  for (const hull of [above, below]) {
    for (let k = 1; k < hull.length; k++) add(hull[k - 1], hull[k]);
    for (const { x, y } of hull) {
      for (const slope of [-mostSlope, mostSlope]) lines.push({ slope, height: y - slope * x });
    }
  }
  for (const a of above) for (const b of below) add(a, b);
  return lines;
}

/** From left to right; of points at the same x, the lowest. */
function lowerHull(points: readonly PlanePoint[]): PlanePoint[] {
  const hull: PlanePoint[] = [];
  for (const point of points.toSorted((a, b) => a.x - b.x || a.y - b.y)) {
    if (hull.at(-1)?.x === point.x) continue;
    while (hull.length >= 2 && !turnsLeft(hull[hull.length - 2], hull[hull.length - 1], point)) hull.pop();
    hull.push(point);
  }
  return hull;
}

const turnsLeft = (a: PlanePoint, b: PlanePoint, c: PlanePoint): boolean =>
  (b.y - a.y) * (c.x - b.x) < (c.y - b.y) * (b.x - a.x);
