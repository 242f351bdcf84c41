/** The table of flows: 10,000 and more, of which only the rows in sight are in the document. */
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { FlowDetail } from "./flow-detail.js";
import type { FlowOrder } from "./flow-rows.js";
import { flowsCsv } from "./flows-csv.js";
import { useKeys } from "./keys.js";
import { FlowsControl } from "./session-control.js";
import { PagePart } from "./small-parts.js";
import type { ToldRun } from "./told-run.js";
import { figureTitle, flowValueWord, unknownWord, valueWord } from "./words.js";

const rowHeight = 28;
const rowsInSight = 18;
/** Rows beyond the edges, so that a scroll shows no gap. */
const spare = 6;
/** On paper. A file has all. */
const mostPrinted = 1_000;

export function FlowTableSection({ run, path }: { run: ToldRun; path: string | null }) {
  void run.flowTable.shown;
  const [filter, setFilter] = useState("");
  const [order, setOrder] = useState<FlowOrder>({ by: "worst", descending: true });
  const [chosen, setChosen] = useState<number | null>(null);
  const { flows } = run;
  const places = useMemo(() => flows.view(filter, order), [run.flowTable.shown, filter, order]);
  const field = useRef<HTMLInputElement>(null);
  useKeys({ "/": () => field.current?.focus() });
  if (flows.count === 0 && path === null) return null;
  return (
    <PagePart id="flows" title={run.config.shown?.kind === "run" ? "Streams of the last trial" : "Flows"}>
      <div class="row choices">
        <input
          ref={field}
          type="search"
          aria-label="filter flows"
          placeholder="name, or lost>0  (key: /)"
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
        <button
          type="button"
          aria-pressed={order.by === "worst"}
          onClick={() => setOrder({ by: "worst", descending: true })}
        >
          worst first
        </button>
        <span class="soft" role="status">
          {valueWord(places.length, "frames")} of {valueWord(flows.count, "frames")} flows
        </span>
        <button
          type="button"
          title="the flows that the filter leaves, in this order"
          onClick={() => saveText(flowsCsv(flows, places), `${run.config.shown!.id}-flows.csv`, "text/csv")}
        >
          Save as CSV
        </button>
        {path === null || filter === "" ? null : <FlowsControl path={path} names={namesOf(run, places)} />}
      </div>
      <VirtualRows
        {...{ run, places, order, setOrder, chosen }}
        question={`${filter} ${order.by} ${order.descending}`}
        choose={setChosen}
      />
      {chosen === null || flows.placeOf(chosen) === undefined ? null : (
        <FlowDetail run={run} index={chosen} path={path} close={() => setChosen(null)} />
      )}
    </PagePart>
  );
}

/** Hands a text to the browser as a file. */
function saveText(text: string, name: string, type: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

const namesOf = (run: ToldRun, places: readonly number[]): string[] =>
  places.map((place) => run.flows.flow(place)?.name ?? "");

interface VirtualRowsProps {
  readonly run: ToldRun;
  readonly places: readonly number[];
  /** What the rows are an answer to: another one is read from its first row. */
  readonly question: string;
  readonly order: FlowOrder;
  readonly setOrder: (order: FlowOrder) => void;
  readonly chosen: number | null;
  readonly choose: (index: number) => void;
}

function VirtualRows({ run, places, question, order, setOrder, chosen, choose }: VirtualRowsProps) {
  const [top, setTop] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (box.current !== null) box.current.scrollTop = 0;
    setTop(0);
  }, [question]);
  const figures = run.flows.figures.filter((name) => name !== "state");
  const hasState = figures.length < run.flows.figures.length;
  // There may be fewer rows now than there were when somebody scrolled.
  const scrolled = Math.max(0, Math.min(Math.floor(top / rowHeight) - spare, places.length - rowsInSight));
  const isPrinted = useIsPrinted();
  const first = isPrinted ? 0 : scrolled;
  const shown = places.slice(first, first + (isPrinted ? mostPrinted : rowsInSight + 2 * spare));
  const move = (event: KeyboardEvent): void => moveFocus(event, box.current);
  return (
    <section
      ref={box}
      class="wide virtual"
      aria-label="flows"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to take the focus, so that keys can scroll it
      tabIndex={0}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
    >
      <table aria-rowcount={places.length + 1}>
        <thead>
          <tr aria-rowindex={1}>
            {[...["name", "tx", "rx"], ...(hasState ? ["state"] : [])].map((by) => (
              <SortHead key={by} by={by} order={order} setOrder={setOrder} />
            ))}
            {figures.map((by) => (
              <SortHead key={by} by={by} order={order} setOrder={setOrder} isNumber />
            ))}
          </tr>
        </thead>
        <tbody onKeyDown={move}>
          <Gap rows={first} columns={figures.length + 4} />
          {shown.map((place, i) => (
            <FlowRow
              key={place}
              run={run}
              place={place}
              number={first + i + 2}
              figures={figures}
              hasState={hasState}
              isChosen={run.flows.flow(place)?.index === chosen}
              choose={choose}
            />
          ))}
          <Gap rows={Math.max(0, places.length - first - shown.length)} columns={figures.length + 4} />
        </tbody>
      </table>
      {isPrinted && shown.length < places.length ? (
        <p>… and {valueWord(places.length - shown.length, "frames")} more</p>
      ) : null}
    </section>
  );
}

/** While the browser makes paper of the page. */
function useIsPrinted(): boolean {
  const [isPrinted, setIsPrinted] = useState(false);
  useEffect(() => {
    const told = ({ type }: Event): void => setIsPrinted(type === "beforeprint");
    addEventListener("beforeprint", told);
    addEventListener("afterprint", told);
    return () => {
      removeEventListener("beforeprint", told);
      removeEventListener("afterprint", told);
    };
  }, []);
  return isPrinted;
}

/** The room of rows that are not in the document. */
const Gap = ({ rows, columns }: { rows: number; columns: number }) =>
  rows === 0 ? null : (
    <tr class="gap" style={{ height: `${rows * rowHeight}px` }}>
      <td colSpan={columns} />
    </tr>
  );

/** Arrow keys go from row to row. */
function moveFocus(event: KeyboardEvent, box: HTMLElement | null): void {
  const row = (event.target as HTMLElement).closest("tr");
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (step === 0 || row === null || box === null) return;
  event.preventDefault();
  const next = step === 1 ? row.nextElementSibling : row.previousElementSibling;
  if (next?.classList.contains("gap") === false) next.querySelector("button")?.focus();
  box.scrollTop += step * rowHeight;
}

interface SortHeadProps {
  readonly by: string;
  readonly order: FlowOrder;
  readonly setOrder: (order: FlowOrder) => void;
  readonly isNumber?: boolean;
}

function SortHead({ by, order, setOrder, isNumber = false }: SortHeadProps) {
  const isOn = order.by === by;
  const sorted = isOn ? (order.descending ? "descending" : "ascending") : "none";
  const sort = (): void => setOrder({ by, descending: isOn ? !order.descending : isNumber });
  return (
    <th scope="col" class={isNumber ? "right" : "left"} aria-sort={sorted}>
      <button type="button" onClick={sort}>
        {figureTitle(by)}
        {isOn ? (order.descending ? " ▾" : " ▴") : ""}
      </button>
    </th>
  );
}

interface FlowRowProps {
  readonly run: ToldRun;
  readonly place: number;
  /** Of all rows, the head's included. */
  readonly number: number;
  readonly figures: readonly string[];
  readonly hasState: boolean;
  readonly isChosen: boolean;
  readonly choose: (index: number) => void;
}

const bad = new Set(["lost", "lostPps", "corrupt", "duplicate", "reordered", "outageNs"]);

function FlowRow({ run, place, number, figures, hasState, isChosen, choose }: FlowRowProps) {
  const flow = run.flows.flow(place);
  if (flow === null) return null;
  const state = run.flows.state(place);
  return (
    <tr class={isChosen ? "chosen" : ""} aria-rowindex={number} style={{ height: `${rowHeight}px` }}>
      <td>
        <button type="button" class="plain" aria-expanded={isChosen} onClick={() => choose(flow.index)}>
          {flow.name}
        </button>
      </td>
      <td>{flow.tx}</td>
      <td>{flow.rx.join(", ")}</td>
      {hasState ? <td class={`flow-${state ?? "unknown"}`}>{state ?? unknownWord}</td> : null}
      {figures.map((name) => {
        const value = run.flows.value(place, name);
        return (
          <td key={name} class={bad.has(name) && value > 0 ? "right red" : "right"}>
            {flowValueWord(value, name)}
          </td>
        );
      })}
    </tr>
  );
}
