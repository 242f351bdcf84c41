/**
 * testpmd's standard output, cut at its prompts: between two of them lies one command's answer. Each command asks
 * for one prompt, so an answer that came too late is never taken for the next one's. Pure: the reader feeds it.
 *
 * The prompt and the echo are written unbuffered, the answers through stdio: on a pipe the prompt would overtake the
 * answer, so the program has to run under `stdbuf -oL` or on a terminal.
 */
import { plainText } from "./parse.js";

const prompt = "testpmd> ";

export class PromptReader {
  #rest = "";
  #answers: string[] = [];
  /** Number of the first answer in #answers. Answers that no command waits for are forgotten. */
  #firstAnswer = 0;

  feed(text: string): void {
    this.#rest += text;
    for (;;) {
      const at = this.#rest.indexOf(prompt);
      if (at < 0) return;
      this.#answers.push(this.#rest.slice(0, at));
      this.#rest = this.#rest.slice(at + prompt.length);
    }
  }

  /** Prompts so far. The text before the first (number 0) is that of the program's start. */
  get prompts(): number {
    return this.#firstAnswer + this.#answers.length;
  }

  /** What was printed before prompt `index`, echo included; null: not there yet, or given before. */
  take(index: number): string | null {
    if (index >= this.prompts || index < this.#firstAnswer) return null;
    const answer = this.#answers[index - this.#firstAnswer]!;
    this.#answers.splice(0, index - this.#firstAnswer + 1);
    this.#firstAnswer = index + 1;
    return answer;
  }
}

/** An answer without the echo of its command and without terminal bytes. */
export function withoutEcho(answer: string, command: string): string {
  const plain = plainText(answer);
  const at = plain.indexOf(`${command}\n`);
  const rest = at < 0 ? plain : plain.slice(0, at) + plain.slice(at + command.length + 1);
  return rest.replace(/^\n+/, "");
}
