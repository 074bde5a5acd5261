/** What of a group fits on one card: nobody decides a release that the card did not show. */
import { targetLabel } from './ids.ts';
import type { TargetVersion } from './review-gates.ts';

/** Bytes that the names of a group's members may take. With all else that a card says it stays under its 3,000. */
export const namesBytes = 900;
/** Of a line of facts; a card cuts at 200. */
const lineLength = 180;

interface Named {
  target: TargetVersion;
}

/** `P001/C001 42-3f2a91c0`. */
export function memberName({ target }: Named): string {
  return `${targetLabel(target)} ${target.version}`;
}

/** Pieces of at most `size` members, in order, whose names fit on a card together. */
export function cardPages<M extends Named>(members: readonly M[], size: number): M[][] {
  const pages: M[][] = [];
  let bytes = 0;
  for (const member of members) {
    const more = byteLength(memberName(member)) + 2;
    const page = pages.at(-1);
    if (page === undefined || page.length >= size || bytes + more > namesBytes) {
      pages.push([member]);
      bytes = more;
    } else {
      page.push(member);
      bytes += more;
    }
  }
  return pages;
}

/** All names, several on a line. */
export function nameLines(members: readonly Named[]): string[] {
  const lines: string[] = [];
  for (const name of members.map(memberName)) {
    const last = lines.at(-1);
    if (last === undefined || last.length + name.length + 2 > lineLength) lines.push(name);
    else lines[lines.length - 1] = `${last}, ${name}`;
  }
  return lines;
}

export function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
