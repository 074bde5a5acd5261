/** What an audit finds wrong, in one sentence, with the place where to look. */
export interface Finding {
  /** `record`: the store, its blocks, their chain; `anchor`; `decision`: a signature; `history`: an event of Temporal's; `platform`: what the platform shows. */
  about: 'record' | 'anchor' | 'decision' | 'history' | 'platform';
  /** A block's file, an anchor's, a run with the id of the event, or a platform's resource. */
  where: string;
  what: string;
}

/** What was found wrong, and what an auditor should know besides, which is no fault of anybody's. */
export interface Checked {
  findings: Finding[];
  notes: string[];
}

export function joined(checks: readonly Checked[]): Checked {
  return { findings: checks.flatMap(({ findings }) => findings), notes: checks.flatMap(({ notes }) => notes) };
}
