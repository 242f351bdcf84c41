/** Routes about the server and its machine. */
import { portKinds } from "../../port/kinds.js";
import { interfacesHere } from "../../sys/net/interfaces-here.js";
import { builtIn } from "../claims.js";
import { json, type Route } from "../route.js";
import { commandInfos } from "../runs/commands.js";
import * as schema from "../schema/about.js";

export const aboutRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/healthz",
    summary: "is it there?",
    answers: { 200: schema.health },
    open: true,
    handle: () => json({ ok: true }),
  },
  {
    method: "GET",
    path: "/version",
    summary: "which program this is",
    answers: { 200: schema.version },
    handle: ({ version }) => json({ name: "pktgen-ts", version, node: process.version, api: schema.apiVersion }),
  },
  {
    method: "GET",
    path: "/ports",
    summary: "the ports that requests may name, who has them, the kinds of ports, and the interfaces of this machine",
    answers: { 200: schema.portsSchema },
    handle: ({ setup, claims }) =>
      json({
        ports: [
          { name: builtIn, spec: builtIn, kind: builtIn, owner: claims.ownerOf(builtIn) },
          ...setup.ports.map(({ name, spec }) => ({
            ...{ name, spec: spec.text, kind: spec.kind, owner: claims.ownerOf(name) },
          })),
        ],
        kinds: portKinds.map(({ name, target, summary, options }) => ({
          ...{ name, target, summary },
          options: options.map(({ name: key, default: byDefault, accepted, meaning }) => ({
            ...{ name: key, default: byDefault, accepted, meaning },
          })),
        })),
        interfaces: interfacesHere(),
      }),
  },
  {
    method: "GET",
    path: "/doctor",
    summary: "what this machine can run, and what is missing",
    answers: { 200: schema.doctorSchema },
    handle: async ({ setup }) => json(await setup.doctor()),
  },
  {
    method: "GET",
    path: "/commands",
    summary: "what can be run, and the options of each: what a form is made of",
    answers: { 200: schema.commandsSchema },
    handle: () => json({ commands: commandInfos() }),
  },
];
