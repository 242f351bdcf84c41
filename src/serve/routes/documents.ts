/** Routes of documents that are no JSON of a run: the page, the figures for Prometheus, and the description of all routes. */
import { pageDocument } from "../../report/page-document.js";
import { renderMetrics } from "../metrics.js";
import { openApi } from "../openapi.js";
import { json, type Route } from "../route.js";
import { anyDocument } from "../schema/runs.js";

const openMetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const html = "text/html; charset=utf-8";

/** `all`: the routes that are described. */
export const documentRoutes = (all: () => readonly Route[]): readonly Route[] => [
  {
    method: "GET",
    path: "/",
    summary: "the page",
    answers: { 200: { media: html, means: "one document, which needs nothing else" } },
    open: true,
    handle: () => ({ kind: "bytes", status: 200, media: html, bytes: pageDocument() }),
  },
  {
    method: "GET",
    path: "/metrics",
    summary: "figures for Prometheus and its like",
    answers: { 200: { media: openMetrics, means: "OpenMetrics 1.0" } },
    handle: (server) => ({ kind: "bytes", status: 200, media: openMetrics, bytes: renderMetrics(server) }),
  },
  {
    method: "GET",
    path: "/openapi.json",
    summary: "this description: OpenAPI 3.1",
    answers: { 200: anyDocument },
    handle: ({ version }) => json(openApi(all(), version)),
  },
];
