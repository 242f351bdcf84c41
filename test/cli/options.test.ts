/** Every option of every command: its line, its reader, and what the command says to a value that cannot be. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { CommandContext, CommandDefinition } from "../../src/cli/command.js";
import { runProgram } from "../../src/cli/command-line.js";
import { commandWords, loadCommands } from "../../src/cli/commands/index.js";
import { PktgenError } from "../../src/errors.js";
import { anyText, captureFile, nameOf, type Option, writtenFile } from "../../src/options/option.js";

const folder = mkdtempSync(join(tmpdir(), "pktgen-ts-options-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, "any");
writeFileSync(file, "any");

/** No option has this value; a shell could run it. */
const nonsenseOf = (name: string): string => (["--reset-command", "--prompt"].includes(name) ? " " : "?!");

interface Line {
  readonly command: string;
  readonly key: string;
  readonly name: string;
  readonly option: Option<never, unknown>;
}

const withChildren = (definition: CommandDefinition, path: string): [string, CommandDefinition][] => [
  [path, definition],
  ...(definition.children ?? []).flatMap((child) => withChildren(child, `${path} ${child.name}`)),
];

const commands = await loadCommands(commandWords);
const lines: readonly Line[] = commands
  .flatMap((definition) => withChildren(definition, definition.name))
  .flatMap(([command, { options }]) =>
    Object.values(options).flatMap((table) =>
      Object.entries(table).map(([key, option]) => ({ command, key, name: nameOf(option), option })),
    ),
  );

/** The words that a command cannot do without. */
const plan = join(import.meta.dirname, "../../profiles/plans/virtio-user-no-huge.yaml");
const words: Readonly<Record<string, readonly string[]>> = {
  merge: [file, file],
  plan: [plan, "--dry-run"],
  send: ["null:"],
  receive: ["null:"],
  replay: [file, "--tx", "null:"],
  compare: [file, file],
  pcap: ["profiles/imix.yaml", "-o", join(folder, "x.pcap")],
  profile: ["graph", "profiles/imix.yaml"],
  y1564: ["--cir", "1kpps"],
  "fleet collect": ["a-run", "--fleet", "nats://127.0.0.1:4222"],
};

/** Options that only mean something beside others. */
const beside: Readonly<Record<string, readonly string[]>> = {
  "--hop": ["--dut", "external", "--tx", "null:"],
  "--reverse-hop": ["--dut", "external", "--tx", "null:", "--bidirectional", "--rx", "null:"],
  "--tx-address": ["--dut", "external", "--tx", "null:"],
  "--rx-address": ["--dut", "external", "--tx", "null:", "--rx", "pcap:x"],
  "--gateway": ["--dut", "external", "--tx", "null:"],
  "--rx-gateway": ["--dut", "external", "--tx", "null:", "--rx", "pcap:x"],
  "--port": ["--part", "container"],
};

/** Options that take any text: folders. */
const free = ["--results", "--directory", "--profile-root", "--history", "--profiles"];

const takesValue = ({ option }: Line): boolean => /[<[]/.test(option.flags);
const isWritten = ({ option }: Line): boolean => option.read === writtenFile || option.read === captureFile;
const isPlain = ({ option }: Line): boolean => option.read === anyText || option.repeats === true;

/** Runs the command as the process would, and gives its error back. */
async function refusalOf(args: readonly string[]): Promise<PktgenError> {
  const output = {
    readerGone: new AbortController().signal,
    messageColumns: null,
    result: async () => {},
    message() {},
  };
  const context: CommandContext = { output, commandLine: "", version: "", debug: false, finish: () => {} };
  try {
    await runProgram(args, context);
  } catch (error) {
    if (error instanceof PktgenError) return error;
    throw error;
  }
  throw new Error(`pktgen-ts ${args.join(" ")} was accepted`);
}

describe("the table of options", () => {
  it("has the options of every command", () => {
    expect(lines.length).toBeGreaterThan(400);
    expect(lines.map(({ name }) => name)).toContain("--queues");
  });

  it("has each option under its long name in camelCase, and with help", () => {
    for (const { command, key, name, option } of lines) {
      const camel = name.slice(2).replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
      expect({ command, key }).toEqual({ command, key: camel });
      expect(option.means.length, `${command} ${name}`).toBeGreaterThan(10);
      expect(typeof option.read).toBe("function");
    }
  });

  it("has an option once in a command", () => {
    const keys = lines.map(({ command, key }) => `${command} ${key}`);
    expect(keys.filter((key, i) => keys.indexOf(key) !== i)).toEqual([]);
  });
});

describe("a reader", () => {
  const read = lines.filter((line) => takesValue(line) && !isPlain(line) && !isWritten(line));

  it.each(read)(
    "of $command $name refuses another value, and names its option and what it accepts",
    ({ name, option }) => {
      let refusal: unknown;
      try {
        option.read(nonsenseOf(name) as never, name);
      } catch (error) {
        refusal = error;
      }
      expect(refusal).toBeInstanceOf(PktgenError);
      const { exitCode, where = "", accepted = "" } = refusal as PktgenError;
      expect(exitCode).toBe(2);
      expect(where.startsWith(name), `${where} begins with ${name}`).toBe(true);
      expect(accepted).not.toBe("");
    },
  );
});

it("a command has the name that the table of commands gives it", () => {
  expect(commands.map(({ name }) => name)).toEqual(commandWords);
});

describe("a command", () => {
  const valued = lines.filter((line) => takesValue(line) && !isWritten(line) && !free.includes(line.name));

  it.each(valued)("$command $name ends with exit code 2 and one sentence", async ({ command, name }) => {
    const args = [
      ...command.split(" "),
      ...(words[command] ?? []),
      ...(beside[name] ?? []),
      `${name}=${nonsenseOf(name)}`,
    ];
    const refusal = await refusalOf(args);
    expect([refusal.exitCode, refusal.toLine()]).toEqual([2, expect.stringMatching(/^[^\n]+$/)]);
  });

  // The capture of pcap is opened once the profile is read.
  it.each(lines.filter((line) => isWritten(line) && line.name !== "--output"))(
    "$command $name refuses a folder that does not exist",
    async ({ command, name }) => {
      const path = join(folder, "nowhere", "x");
      const refusal = await refusalOf([...command.split(" "), ...(words[command] ?? []), name, path]);
      expect([refusal.exitCode, refusal.where]).toEqual([2, name]);
    },
  );
});
