/**
 * Which tags stood on a run or release before somebody decided its approval.
 *
 * Azure DevOps keeps no time for a tag, and whoever may edit a run may add one at any time: an approval of one stage could be led to a gate that its approver never had in mind, by a tag
 * that is added afterwards. So an approval counts only for tags that Holdpoint itself had seen while that person had not decided yet. No clocks are compared: a sighting reads the tags
 * first and the approval after them, so whoever has not decided in the second answer decided after the first. The digest of the evidence in a tag would prove less: a tag with the right
 * digest can be added after an approval just as well.
 *
 * In a file, so that a restart forgets nothing; the receiver writes it, and the reconciliation of missed hooks, each in its own process. Where the file is lost, approvals that nobody saw pending do not count, and their people confirm them in the inbox.
 */
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { AzureApproval } from './approvals.ts';
import { readApprovalTag } from '../../workflows/domain/approval-tag.ts';

/** Azure DevOps lets an approval wait for 30 days, and the poll finds it for some time after: milliseconds. */
const keptMs = 90 * 24 * 3_600_000;

/** How long one process waits for the other's write, in milliseconds. */
const lockMs = 5_000;

/** Where both processes keep it, in the state directory. */
export function sightingsFile(stateDirectory: string): string {
  return join(stateDirectory, 'approvals', 'tags.sqlite');
}

export class TagSightings {
  readonly #database: DatabaseSync;
  readonly #now: () => number;

  /** `file`: `:memory:`, or a path whose folder is made. */
  constructor(file: string, now: () => number = Date.now) {
    if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    this.#database = new DatabaseSync(file, { timeout: lockMs });
    this.#database.exec('PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS sighting (approval TEXT NOT NULL, tag TEXT NOT NULL, decided TEXT NOT NULL, seen INTEGER NOT NULL, PRIMARY KEY (approval, tag)) STRICT');
    this.#now = now;
    this.#database.prepare('DELETE FROM sighting WHERE seen < ?').run(now() - keptMs);
  }

  /** Notes an approval as it was just read. The first sighting of a tag stays; a tag that has gone is forgotten, so that it counts as new when it comes back. */
  note({ ref, tags, decisions }: Pick<AzureApproval, 'ref' | 'tags' | 'decisions'>): void {
    const approval = keyOf(ref);
    const own = tags.filter((tag) => readApprovalTag(tag) !== undefined);
    const decided = JSON.stringify(decisions.map(({ by }) => by.toLowerCase()));
    const known = this.#database.prepare('SELECT tag FROM sighting WHERE approval = ?').all(approval) as { tag: string }[];
    for (const { tag } of known) if (!own.includes(tag)) this.#database.prepare('DELETE FROM sighting WHERE approval = ? AND tag = ?').run(approval, tag);
    for (const tag of own) this.#database.prepare('INSERT OR IGNORE INTO sighting (approval, tag, decided, seen) VALUES (?, ?, ?, ?)').run(approval, tag, decided, this.#now());
  }

  /** Whether the tag was seen while this person (a unique name, in any case) had not decided the approval yet. */
  wasBefore(ref: AzureApproval['ref'], tag: string, by: string): boolean {
    const row = this.#database.prepare('SELECT decided FROM sighting WHERE approval = ? AND tag = ?').get(keyOf(ref), tag) as { decided: string } | undefined;
    return row !== undefined && !(JSON.parse(row.decided) as string[]).includes(by.toLowerCase());
  }

  close(): void {
    this.#database.close();
  }
}

function keyOf({ kind, id }: AzureApproval['ref']): string {
  return `${kind}:${String(id).toLowerCase()}`;
}
