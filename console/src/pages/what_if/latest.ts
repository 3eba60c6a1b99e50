/** Asks one question at a time, and of those that came meanwhile the latest alone. */
export class Latest<Question, Answer> {
  #next: { question: Question } | null = null;
  #isAsking = false;
  readonly #ask: (question: Question) => Promise<Answer>;
  readonly #told: (question: Question, answer: Answer) => void;

  constructor(ask: (question: Question) => Promise<Answer>, told: (question: Question, answer: Answer) => void) {
    this.#ask = ask;
    this.#told = told;
  }

  ask(question: Question): void {
    this.#next = { question };
    if (!this.#isAsking) void this.#goOn();
  }

  async #goOn(): Promise<void> {
    this.#isAsking = true;
    while (this.#next !== null) {
      const { question } = this.#next;
      this.#next = null;
      const answer = await this.#ask(question);
      if (this.#next === null) this.#told(question, answer);
    }
    this.#isAsking = false;
  }
}
