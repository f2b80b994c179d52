// A short queue of rows of numbers, oldest first, in one array: a connection has several, and most of their use is at the oldest row.

export class RowQueue {
  readonly #width: number;
  /** The rows lie between `#first` and `#end`; what is outside is room. */
  readonly #numbers: number[] = [];
  #first = 0;
  #end = 0;
  #length = 0;

  /** `width`: numbers a row. */
  constructor(width: number) {
    this.#width = width;
  }

  /** Rows. */
  get length(): number {
    return this.#length;
  }

  protected get(row: number, field: number): number {
    return this.#numbers[this.#first + row * this.#width + field] as number;
  }

  protected set(row: number, field: number, value: number): void {
    this.#numbers[this.#first + row * this.#width + field] = value;
  }

  /** Adds a row, whose fields the caller sets next, and returns its place. */
  protected append(): number {
    if (this.#first > 0 && this.#first * 2 >= this.#end) this.#moveToFront();
    for (let field = 0; field < this.#width; field += 1) this.#numbers[this.#end + field] = 0;
    this.#end += this.#width;
    this.#length += 1;
    return this.#length - 1;
  }

  protected remove(row: number): void {
    this.#length -= 1;
    if (this.#length === 0) this.#first = this.#end = 0;
    else if (row === 0) this.#first += this.#width;
    else this.#close(row);
  }

  /** Moves what follows a row over it. */
  #close(row: number): void {
    const width = this.#width;
    this.#end -= width;
    for (let at = this.#first + row * width; at < this.#end; at += 1)
      this.#numbers[at] = this.#numbers[at + width] as number;
  }

  /** Drops all rows from `row` on. */
  protected truncate(row: number): void {
    this.#length = row;
    this.#end = this.#first + row * this.#width;
  }

  #moveToFront(): void {
    const numbers = this.#numbers;
    for (let from = this.#first, to = 0; from < this.#end; from += 1, to += 1) numbers[to] = numbers[from] as number;
    this.#end -= this.#first;
    this.#first = 0;
  }
}
