/** The stages of a YAML pipeline, as far as its file alone tells them: templates and expressions are only known to Azure DevOps when a run begins. Pure. */
import { parseDocument } from 'yaml';

export interface PipelineStage {
  /** As the YAML names it. */
  name: string;
  /** Environments that its deployment jobs go to. */
  environments: string[];
}

export interface PipelineFile {
  stages: PipelineStage[];
  /** Non-secret variables that the file sets. */
  variables: Record<string, string>;
  /** What the file does not tell, for people. */
  unknown: string[];
}

type Fields = Record<string, unknown>;

/** A file that is no YAML has no stages, and says so. */
export function readPipelineFile(text: string): PipelineFile {
  const document = parseDocument(text);
  const [problem] = document.errors;
  if (problem) return { stages: [], variables: {}, unknown: [`it is not valid YAML: ${problem.message.split('\n')[0]}`] };
  const root = fieldsOf(document.toJS());
  const unknown: string[] = [];
  if ('extends' in root) unknown.push('it extends a template, whose stages are not in this file');
  const jobsOf = (owner: Fields, where: string): Fields[] => listOf(owner['jobs']).flatMap((job) => resolved(job, `a job of ${where}`, unknown));
  const stages = listOf(root['stages']).flatMap((stage) => resolved(stage, 'a stage', unknown)).map((stage): PipelineStage => {
    const name = textOf(stage['stage']) ?? 'unnamed';
    return { name, environments: environmentsOf(jobsOf(stage, `stage ${name}`), name, unknown) };
  });
  const own = environmentsOf(jobsOf(root, 'the pipeline'), 'the pipeline', unknown);
  // A pipeline without stages has one, which Azure DevOps calls __default.
  return { stages: own.length > 0 ? [...stages, { name: '__default', environments: own }] : stages, variables: variablesOf(root['variables'], unknown), unknown };
}

function environmentsOf(jobs: readonly Fields[], where: string, unknown: string[]): string[] {
  const named = jobs.flatMap(({ environment }) => {
    const whole = textOf(environment) ?? textOf(fieldsOf(environment)['name']);
    return whole === null ? [] : [whole.split('.')[0]!]; // `production.namespace` names a resource of the environment
  });
  const known = named.filter((name) => !name.includes('$'));
  if (known.length < named.length) unknown.push(`an environment of ${where} is an expression: ${named.find((name) => name.includes('$'))}`);
  return [...new Set(known)];
}

function resolved(value: unknown, what: string, unknown: string[]): Fields[] {
  const fields = fieldsOf(value);
  const template = textOf(fields['template']);
  const expression = Object.keys(fields).find((key) => key.startsWith('${{'));
  if (template !== null) unknown.push(`${what} is the template ${template}`);
  else if (expression !== undefined) unknown.push(`${what} stands under the expression ${expression}`);
  return template === null && expression === undefined ? [fields] : [];
}

/** Both ways of writing them: a map, or a list of names, groups and templates. */
function variablesOf(value: unknown, unknown: string[]): Record<string, string> {
  const entries = Array.isArray(value)
    ? value.map(fieldsOf).flatMap((entry) => resolved(entry, 'a set of variables', unknown)).map(({ name, value: its }) => [textOf(name), textOf(its)] as const)
    : Object.entries(fieldsOf(value)).map(([name, its]) => [name, textOf(its)] as const);
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[0] !== null && entry[1] !== null && !entry[1].includes('$(') && !entry[1].includes('${{')));
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : null;
}
