/**
 * A display filter: `ip.src == 198.18.0.1 && udp.dstport in {53, 123}`. What is accepted has Wireshark's meaning
 * (test/packet/filter-tshark.test.ts asks tshark). What is unknown is refused. The grammar is small:
 *
 *     or    := and  { ("||" | "or")  and }
 *     and   := not  { ("&&" | "and") not }
 *     not   := ("!" | "not") not | "(" or ")" | test
 *     test  := field [ operator value | "in" "{" value [".." value] { "," … } "}" ]
 *
 * A field alone asks whether the frame has it. All headers count, those inside tunnels, too. A comparison with a field
 * that the frame does not have is false, also with `!=`. A frame can have a field several times (`ip.addr`, `udp.port`,
 * anything inside and outside a tunnel). The field is equal, less or greater if any of its values is, and unequal if
 * none is equal.
 */
import { type PktgenError, usageError } from "../errors.js";
import { didYouMean } from "../nearest.js";
import { type FilterField, type FrameFacts, fieldNamed, fieldNames, type ValueTest } from "./filter-fields.js";
import { compareAt, type FilterValue, matchesMasked, parseFilterValue } from "./filter-value.js";

export type { FrameFacts } from "./filter-fields.js";

/** True if the frame passes. Allocates nothing. */
export type FrameFilter = (frame: FrameFacts) => boolean;

type Operator = "==" | "!=" | "<" | "<=" | ">" | ">=";

interface Token {
  readonly kind: "word" | "operator" | "end";
  readonly text: string;
  /** Offset in the expression, from 0. */
  readonly at: number;
}

const pattern = /\s*(?:(&&|\|\||==|!=|<=|>=|\.\.|[<>!(){},])|((?:(?!\.\.)[\w.:/-])+)|(\S))/y;
const aliases: Readonly<Record<string, string>> = {
  and: "&&",
  or: "||",
  not: "!",
  eq: "==",
  ne: "!=",
  lt: "<",
  le: "<=",
  gt: ">",
  ge: ">=",
};
const comparisons = ["==", "!=", "<", "<=", ">", ">="];

function tokens(text: string, where: string): Token[] {
  const found: Token[] = [];
  pattern.lastIndex = 0;
  while (pattern.lastIndex < text.trimEnd().length) {
    const match = pattern.exec(text)!;
    const [, operator, word, odd] = match;
    const at = pattern.lastIndex - (operator ?? word ?? odd!).length;
    if (odd !== undefined)
      throw wrong(text, where, at, `what is "${odd}"?`, "fields, values, == != < > <= >= in && || ! ( ) { }");
    const alias = word === undefined ? undefined : aliases[word];
    if (alias !== undefined) found.push({ kind: "operator", text: alias, at });
    else found.push({ kind: operator === undefined ? "word" : "operator", text: (operator ?? word)!, at });
  }
  found.push({ kind: "end", text: "", at: text.length });
  return found;
}

/** Columns count from 1. */
function wrong(text: string, where: string, at: number, what: string, accepted?: string, hint?: string): PktgenError {
  return usageError(`${what} (in ${text})`, {
    where: `${where}: column ${at + 1}`,
    ...(accepted === undefined ? {} : { accepted }),
    ...(hint === undefined ? {} : { hint }),
  });
}

class Parser {
  readonly #text: string;
  readonly #where: string;
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(text: string, where: string) {
    this.#text = text;
    this.#where = where;
    this.#tokens = tokens(text, where);
  }

  whole(): FrameFilter {
    const filter = this.#or();
    const left = this.#peek();
    if (left.kind !== "end") this.#fail(left, `"${left.text}" is not expected here`, "&& or ||, or the end");
    return filter;
  }

  #peek(): Token {
    return this.#tokens[this.#next];
  }

  #take(): Token {
    return this.#tokens[this.#next++];
  }

  #accept(text: string): boolean {
    const { kind, text: found } = this.#peek();
    if (kind !== "operator" || found !== text) return false;
    this.#next++;
    return true;
  }

  #fail(token: Token, what: string, accepted?: string, hint?: string): never {
    throw wrong(this.#text, this.#where, token.at, what, accepted, hint);
  }

  #or(): FrameFilter {
    const parts = [this.#and()];
    while (this.#accept("||")) parts.push(this.#and());
    return parts.reduce((a, b) => (frame) => a(frame) || b(frame));
  }

  #and(): FrameFilter {
    const parts = [this.#not()];
    while (this.#accept("&&")) parts.push(this.#not());
    return parts.reduce((a, b) => (frame) => a(frame) && b(frame));
  }

  #not(): FrameFilter {
    if (++this.#depth > 200) this.#fail(this.#peek(), "too many parentheses and nots");
    try {
      if (this.#accept("!")) {
        const inner = this.#not();
        return (frame) => !inner(frame);
      }
      if (!this.#accept("(")) return this.#test();
      const inner = this.#or();
      if (!this.#accept(")")) this.#fail(this.#peek(), "the closing parenthesis is missing", ")");
      return inner;
    } finally {
      this.#depth--;
    }
  }

  #test(): FrameFilter {
    const token = this.#take();
    if (token.kind !== "word") {
      this.#fail(
        token,
        token.kind === "end" ? "the expression ends too early" : `"${token.text}" is no field`,
        "a field, e.g. ip.src",
      );
    }
    const field = fieldNamed(token.text);
    if (field === null) {
      const { hint } = didYouMean(token.text, fieldNames);
      this.#fail(token, `unknown field "${token.text}"`, fieldNames.join(", "), hint);
    }
    const next = this.#peek();
    if (next.kind === "word" && next.text === "in") {
      this.#next++;
      return this.#set(field, token);
    }
    if (next.kind === "operator" && comparisons.includes(next.text)) {
      this.#next++;
      return this.#comparison(field, next.text as Operator, token);
    }
    return (frame) => field.some(frame, anything);
  }

  #value(field: FilterField, token: Token): FilterValue {
    if (field.kind === "protocol") this.#fail(token, `${field.name} has no value to compare`, `${field.name} alone`);
    const word = this.#take();
    if (word.kind !== "word") this.#fail(word, `a value for ${field.name} is missing`, field.accepted);
    const value = parseFilterValue(field.kind, word.text);
    if (value === null || (value.kind === "number" && value.value > field.most)) {
      this.#fail(word, `"${word.text}" is no value of ${field.name}`, field.accepted);
    }
    return value;
  }

  #comparison(field: FilterField, operator: Operator, token: Token): FrameFilter {
    const valueToken = this.#peek();
    const value = this.#value(field, token);
    if (operator === "==" || operator === "!=") {
      const isEqual = equalTo(value);
      if (operator === "==") return (frame) => field.some(frame, isEqual);
      return (frame) => field.some(frame, anything) && !field.some(frame, isEqual);
    }
    if (field.kind === "flag") this.#fail(valueToken, `${field.name} can only be equal or not`, "== != in");
    if (value.kind === "address" && value.isPrefix) {
      this.#fail(valueToken, "a prefix is neither less nor greater", "one address, or == != in with a prefix");
    }
    const test = comparedWith(operator, value);
    return (frame) => field.some(frame, test);
  }

  #set(field: FilterField, token: Token): FrameFilter {
    if (!this.#accept("{")) this.#fail(this.#peek(), "a set begins with {", "{ values, or from..to, with commas }");
    const tests: ValueTest[] = [];
    do {
      const from = this.#value(field, token);
      tests.push(this.#accept("..") ? this.#range(field, token, from) : equalTo(from));
    } while (this.#accept(","));
    if (!this.#accept("}")) this.#fail(this.#peek(), "a set ends with }", ", or }");
    const isInSet: ValueTest = (found, view) => tests.some((test) => test(found, view));
    return (frame) => field.some(frame, isInSet);
  }

  #range(field: FilterField, token: Token, from: FilterValue): ValueTest {
    const upper = this.#peek();
    const to = this.#value(field, token);
    if ([from, to].some((end) => end.kind === "address" && end.isPrefix)) {
      this.#fail(upper, "a range has no prefixes", "address..address, or a prefix alone");
    }
    if (isBelow(to, from)) this.#fail(upper, "the range ends before it begins", "from..to");
    const [isFrom, isTo] = [comparedWith(">=", from), comparedWith("<=", to)];
    return (found, view) => isFrom(found, view) && isTo(found, view);
  }
}

const anything: ValueTest = () => true;

function equalTo(value: FilterValue): ValueTest {
  if (value.kind === "number") {
    const wanted = value.value;
    return (found) => found === wanted;
  }
  const { bytes, mask } = value;
  return (at, view) => matchesMasked(view, at, bytes, mask);
}

/** Compares with a prefix only where it is a whole address. */
function comparedWith(operator: Exclude<Operator, "==" | "!=">, value: FilterValue): ValueTest {
  const holds = {
    "<": (difference: number) => difference < 0,
    "<=": (difference: number) => difference <= 0,
    ">": (difference: number) => difference > 0,
    ">=": (difference: number) => difference >= 0,
  }[operator];
  if (value.kind === "number") {
    const bound = value.value;
    return (found) => holds(found - bound);
  }
  const { bytes } = value;
  return (at, view) => holds(compareAt(view, at, bytes));
}

function isBelow(a: FilterValue, b: FilterValue): boolean {
  if (a.kind === "number" || b.kind === "number") {
    return a.kind === "number" && b.kind === "number" && a.value < b.value;
  }
  return compareAt(new DataView(a.bytes.buffer), a.bytes.byteOffset, b.bytes) < 0;
}

/**
 * @throws PktgenError (2): the expression cannot be read. The error names `where` (the option), the column, and what is
 * accepted there.
 */
export const parseFilter = (text: string, where: string): FrameFilter => new Parser(text, where).whole();
