/** A draft as the text of an estate file, and what its own validation says of it. */
import { stringify } from 'yaml';
import { placeholdersIn, type Placeholder } from '../../activities/estate/placeholders.ts';
import { estateSchema } from '../../activities/estate/schema.ts';
import { checkYaml } from '../../activities/estate/yaml-complaints.ts';
import type { Draft } from './draft.ts';

export interface CheckedDraft {
  text: string;
  /** Fields that a person must fill in. */
  toFill: Placeholder[];
  /** Other complaints of the estate's validation, each with its line. */
  problems: string[];
}

const width = 118;

/** `organisation`: where it was read. `file` is only for the complaints. */
export function checkedDraft({ project, sections, unmapped, refused }: Draft, { organisation, file }: { organisation: string; file: string }): CheckedDraft {
  const head = [
    `A draft of an estate, read from project ${project} of ${organisation}. No runbook starts on it before every TODO is filled in: the validation refuses it and names the lines.`,
    'What each field means stands in the header of the demo\'s estate, estate/demo.yml.',
    ...(refused.length === 0 ? [] : ['', 'Not read, for want of a permission:', ...refused.map(({ what, permission }) => `- ${what}: ${permission}`)]),
    ...(unmapped.length === 0 ? [] : ['', 'Not mapped:', ...unmapped.map(({ what, why }) => `- ${what}: ${why}`)]),
  ];
  const text = [comment(head), ...sections.map(({ field, value, comment: about }) => `${about === '' ? '' : comment([about])}${stringify({ [field]: value }, { lineWidth: 0, aliasDuplicateObjects: false })}`)].join('\n');
  const toFill = placeholdersIn(text);
  const checked = checkYaml(text, estateSchema, file);
  const open = new Set(toFill.map(({ line }) => `${file}:${line}:`));
  const problems = 'complaints' in checked ? checked.complaints.filter((complaint) => ![...open].some((start) => complaint.startsWith(start))) : [];
  return { text, toFill, problems };
}

/** Lines of comment; nothing in them, whoever wrote it, can end the comment. */
function comment(lines: readonly string[]): string {
  return lines.flatMap((line) => wrapped(line.replace(/[\u0000-\u001F\u007F-\u009F\u2028\u2029]+/g, ' '))).map((line) => `# ${line}`.trimEnd()).map((line) => `${line}\n`).join('');
}

function wrapped(text: string): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!;
    if (line !== '' && line.length + 1 + word.length > width) lines.push(`  ${word}`);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}
