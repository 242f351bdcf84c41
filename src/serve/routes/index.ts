/** All routes. Of two that fit, the first one counts. */
import type { Route } from "../route.js";
import { aboutRoutes } from "./about.js";
import { documentRoutes } from "./documents.js";
import { exchangeRoutes } from "./exchange.js";
import { profileRoutes } from "./profiles.js";
import { comparisonRoute, resultRoutes } from "./results.js";
import { runRoutes } from "./runs.js";
import { sessionCaptureRoutes } from "./session-captures.js";
import { sessionFlowRoutes } from "./session-flows.js";
import { sessionRoutes } from "./sessions.js";

export const routes: readonly Route[] = [
  ...documentRoutes(() => routes),
  ...aboutRoutes,
  ...profileRoutes,
  comparisonRoute,
  ...runRoutes,
  ...resultRoutes,
  ...sessionRoutes,
  ...sessionFlowRoutes,
  ...sessionCaptureRoutes,
  ...exchangeRoutes,
];
