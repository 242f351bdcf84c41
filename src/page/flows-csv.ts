/** Flows as comma-separated values, RFC 4180: exact numbers under the names of their figures. */
import { type FlowRows, flowStates } from "./flow-rows.js";

const cell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** A state is a word, what is not known is empty. */
function figureCell(rows: FlowRows, place: number, figure: string): string {
  const value = rows.value(place, figure);
  return figure === "state" ? (flowStates[value] ?? "") : Number.isNaN(value) ? "" : String(value);
}

/** Of these flows, in this order. */
export function flowsCsv(rows: FlowRows, places: readonly number[]): string {
  const lines = places.flatMap((place) => {
    const flow = rows.flow(place);
    if (flow === null) return [];
    const figures = rows.figures.map((figure) => figureCell(rows, place, figure));
    return [[flow.name, flow.tx, flow.rx.join(" "), ...figures]];
  });
  return [["name", "tx", "rx", ...rows.figures], ...lines].map((line) => `${line.map(cell).join(",")}\r\n`).join("");
}
