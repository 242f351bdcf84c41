/** What the server says about itself and its machine. */
import { z } from "zod";
import { ownerKinds, text } from "./common.js";

/** Another number: clients that were made for this one would misread something. */
export const apiVersion = 1;

export const health = z.object({ ok: z.literal(true) });

export const version = z.object({
  name: z.literal("pktgen-ts"),
  version: text,
  node: text,
  api: z.literal(apiVersion),
});

const owner = z.object({ kind: ownerKinds, id: text }).nullable().describe("who uses it; null: nobody");

export const portsSchema = z.object({
  ports: z.array(z.object({ name: text, spec: text, kind: text, owner })),
  kinds: z.array(
    z.object({
      name: text,
      target: text,
      summary: text,
      options: z.array(z.object({ name: text, default: text, accepted: text, meaning: text })),
    }),
  ),
  interfaces: z.array(
    z.object({
      name: text,
      type: text,
      driver: text.nullable(),
      mtu: z.number(),
      state: text,
      speedBps: z.number().nullable(),
    }),
  ),
});

export const doctorSchema = z.object({
  well: z.boolean().describe("the main job can run here"),
  groups: z.array(
    z.object({
      neededFor: text,
      checks: z.array(
        z.object({
          name: text,
          state: z.enum(["ok", "note", "missing"]),
          found: text,
          fix: text.optional(),
          required: z.boolean().optional(),
        }),
      ),
    }),
  ),
});

export const commandNames = ["run", "ndr", "rfc2544", "latency", "soak", "y1564", "burst"] as const;
export const commandName = z.enum(commandNames);

export const commandsSchema = z.object({
  commands: z.array(
    z.object({
      name: commandName,
      summary: text,
      options: z.array(
        z.object({
          key: text,
          flag: text,
          argument: text.nullable().describe("null: it has no value"),
          heading: text,
          means: text,
          kind: z.enum(["text", "flag", "optional", "texts"]),
        }),
      ),
    }),
  ),
});
