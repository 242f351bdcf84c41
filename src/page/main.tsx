/** The page: what is shown where. Addresses are behind the `#`, so that one document serves all, and links last. */
import { signal } from "@preact/signals";
import { type ComponentChildren, render } from "preact";
import { useEffect } from "preact/hooks";
import { inlinedRecording } from "./asking.js";
import { ComparisonView } from "./comparison-view.js";
import { RecordedView, RunView } from "./run-view.js";
import { RunsView } from "./runs-view.js";
import { SessionsView } from "./session-view.js";
import { StartView } from "./start-view.js";
import "./report.css";
import "./style.css";

const address = signal(location.hash.slice(1));
addEventListener("hashchange", () => {
  address.value = location.hash.slice(1);
});

const places = [
  { at: "/new", title: "New run" },
  { at: "/runs", title: "Runs" },
  { at: "/sessions", title: "Sessions" },
] as const;

/** An address that somebody typed may be no encoding of anything. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** What an address shows, and the page's title. */
function placeOf(path: string): { readonly title: string; readonly content: ComponentChildren } {
  const [, room = "", ...rest] = path.split("/").map(decoded);
  const [first = "", second = ""] = rest;
  if (room === "runs" && first !== "")
    return { title: first, content: <RunView key={path} path={`runs/${encodeURIComponent(first)}`} /> };
  if (room === "sessions" && first !== "")
    return { title: first, content: <RunView key={path} path={`sessions/${encodeURIComponent(first)}`} /> };
  if (room === "sessions") return { title: "Sessions", content: <SessionsView /> };
  if (room === "compare") return { title: "Comparison", content: <ComparisonView key={path} a={first} b={second} /> };
  if (room === "new") return { title: "New run", content: <StartView key={path} from={first} /> };
  return { title: "Runs", content: <RunsView /> };
}

function Page() {
  const { title, content } = placeOf(address.value);
  useEffect(() => {
    document.title = `${title} · pktgen-ts`;
  }, [title]);
  return (
    <>
      <nav class="top" aria-label="page">
        <a href="#/runs" class="brand">
          pktgen-ts
        </a>
        {places.map(({ at, title: name }) => (
          <a key={at} href={`#${at}`} aria-current={address.value.startsWith(at) ? "page" : undefined}>
            {name}
          </a>
        ))}
      </nav>
      <main>{content}</main>
    </>
  );
}

const root = document.getElementById("page");
if (root !== null) {
  const recording = inlinedRecording();
  if (recording === null) render(<Page />, root);
  else if (recording.events.length > 0) render(<RecordedView recording={recording} />, root);
  document.documentElement.dataset["page"] = recording === null ? "live" : "file";
}
