/** Collects what comes in a burst and hands it on at most once an interval. */
export class Batch<Item> {
  private waiting: Item[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly intervalMs: number,
    private readonly handle: (items: Item[]) => void,
  ) {}

  add(item: Item): void {
    this.waiting.push(item);
    this.timer ??= setTimeout(() => this.flush(), this.intervalMs);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.waiting = [];
  }

  private flush(): void {
    const items = this.waiting;
    this.waiting = [];
    this.timer = undefined;
    this.handle(items);
  }
}
