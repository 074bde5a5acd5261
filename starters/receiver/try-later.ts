/** Something that is needed is away; the same notification may be delivered again. */
export class TryLater extends Error {
  /** Seconds, where the platform named them. */
  readonly afterSeconds: number | undefined;

  constructor(message: string, cause: unknown, afterSeconds?: number) {
    super(message, { cause });
    this.afterSeconds = afterSeconds;
  }
}
