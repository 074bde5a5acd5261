/** Reading many places at once, each of which may be away: one that does not answer in time is named, and hides nothing of the others. */

/** A source that was not read. */
export interface Unread {
  source: string;
  reason: string;
  /** `away`: nobody answered, or not in time; `refused`: it answered, and said no. */
  kind: 'away' | 'refused';
}

export interface SourcesOptions {
  /** For all of them, in milliseconds: what has not answered by then is late. */
  withinMs: number;
  /** What an error means for whoever reads the answer. */
  explain: (error: unknown) => Pick<Unread, 'reason' | 'kind'>;
  /** What it means that a source has not answered, where more can be said of it. */
  late?: (source: string) => string | undefined;
}

const longestReason = 160;

/** All reads of one answer, under one deadline. */
export class Sources {
  readonly unread: Unread[] = [];
  readonly #since = performance.now();
  readonly #deadline: number;
  readonly #explain: SourcesOptions['explain'];

  readonly #late: NonNullable<SourcesOptions['late']>;

  constructor({ withinMs, explain, late = () => undefined }: SourcesOptions) {
    this.#late = late;
    this.#deadline = this.#since + withinMs;
    this.#explain = explain;
  }

  /** Milliseconds since the first could be read. */
  get elapsedMs(): number {
    return Math.round(performance.now() - this.#since);
  }

  /** What the source answers; null, and the source among the unread, where it does not. The work is not stopped when it is late: whoever asks ends the process. */
  async read<T>(source: string, work: () => Promise<T>): Promise<T | null> {
    let timer: NodeJS.Timeout | undefined;
    const leftMs = Math.max(1, this.#deadline - performance.now());
    try {
      const late = new Promise<'late'>((resolve) => { timer = setTimeout(() => resolve('late'), leftMs); });
      const answered = await Promise.race([work().then((value) => ({ value })), late]);
      if (answered !== 'late') return answered.value;
      this.miss({ source, reason: this.#late(source) ?? 'did not answer in time', kind: 'away' });
    } catch (error) {
      this.miss({ source, ...this.#explain(error) });
    } finally {
      clearTimeout(timer);
    }
    return null;
  }

  /** A source, or a part of one, that is known not to be read. */
  miss({ source, reason, kind }: Unread): void {
    const [line = ''] = reason.split('\n');
    this.unread.push({ source, reason: line.length > longestReason ? `${line.slice(0, longestReason - 1)}…` : line, kind });
  }
}
