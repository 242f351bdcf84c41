/** How late frames were, and how even the gaps between them: buckets with logarithmic axes. */
import { useEffect, useRef, useState } from "preact/hooks";
import type uPlot from "uplot";
import type { HistogramEvent } from "./events.js";
import { bucketPlot, onLooks } from "./plots.js";
import { PagePart } from "./small-parts.js";
import type { ToldRun } from "./told-run.js";
import { valueWord } from "./words.js";

type Buckets = HistogramEvent["buckets"];

export function DistributionSection({ run }: { run: ToldRun }) {
  const all = [...run.histograms.shown.values()].filter(({ flow, buckets }) => flow === null && buckets.length > 0);
  if (all.length === 0) return null;
  return (
    <PagePart id="distribution" title="Latency and gaps">
      <div class="charts">
        {all.map(({ what, buckets }) => (
          <BucketChart
            key={what}
            title={what === "latency" ? "latency of all frames" : "gaps between frames that were sent"}
            buckets={buckets}
            color={what === "latency" ? 0 : 2}
          />
        ))}
      </div>
    </PagePart>
  );
}

const height = 220;

export function BucketChart({ title, buckets, color }: { title: string; buckets: Buckets; color: number }) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [at, setAt] = useState<number | null>(null);
  useEffect(() => {
    const made = bucketPlot(box.current!, Math.max(200, box.current!.clientWidth), height, color, setAt);
    plot.current = made;
    const sizes = new ResizeObserver(([entry]) => {
      made.setSize({ width: Math.max(200, Math.floor(entry!.contentRect.width)), height });
    });
    sizes.observe(box.current!);
    const endLooks = onLooks(() => made.redraw(false, true));
    return () => {
      endLooks();
      sizes.disconnect();
      made.destroy();
    };
  }, [color]);
  useEffect(() => plot.current?.setData(steps(buckets)), [buckets]);
  const total = buckets.reduce((sum, [, frames]) => sum + frames, 0);
  const pointed = at === null ? undefined : buckets[at - 1];
  return (
    <figure aria-label={title}>
      <figcaption>
        {title}, {valueWord(total, "frames")} frames{" "}
        <span class="legend">
          {pointed === undefined
            ? quantiles(buckets, total)
            : `${valueWord(pointed[1], "frames")} up to ${valueWord(pointed[0], "ns")}`}
        </span>
      </figcaption>
      <div ref={box} />
    </figure>
  );
}

/** A step ends where its bucket ends. The first bucket begins an eighth below its end at most. */
function steps(buckets: Buckets): uPlot.AlignedData {
  const first = buckets[0];
  if (first === undefined) return [[], []];
  return [
    [Math.max(1, first[0] * (8 / 9)), ...buckets.map(([upTo]) => upTo)],
    [null, ...buckets.map(([, frames]) => (frames === 0 ? null : frames))],
  ];
}

/** Upper ends of the buckets that hold them, as everywhere in this program. */
function quantiles(buckets: Buckets, total: number): string {
  const parts = [0.5, 0.99, 0.999].map((share) => {
    let seen = 0;
    const found = buckets.find(([, frames]) => {
      seen += frames;
      return seen >= share * total;
    });
    return `p${Number((share * 100).toPrecision(4))} ${valueWord(found?.[0], "ns")}`;
  });
  return parts.join(" · ");
}
