/** A story from its file. */
import { readFileSync } from 'node:fs';
import { checkYaml, listed } from '../../activities/estate/yaml-complaints.ts';
import { StoryError } from './simulation.ts';
import { storySchema, type Story } from './story.ts';

/** @throws StoryError: one line for each complaint, with file, line, field and what to do */
export function readStory(file: string): Story {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new StoryError(`${file}: cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)}); --story takes the path of a YAML file`);
  }
  const checked = checkYaml(text, storySchema, file);
  if ('complaints' in checked) throw new StoryError(listed(checked.complaints));
  return checked.data;
}
