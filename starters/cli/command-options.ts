/** What each command takes, as commander reads it. */

export interface JsonOption {
  json?: true;
}

export interface WaitOption {
  /** Seconds; each command has its own default. */
  timeout?: number;
}

export interface StartCommandOptions extends JsonOption {
  input: string;
  as?: string;
  again?: true;
  reason?: string;
  wait?: true;
}

export interface SignInCommandOptions extends JsonOption {
  /** Address of the receiver. */
  receiver?: string;
}

export interface AnswerCommandOptions extends JsonOption, WaitOption {
  gate: string;
  /** Left out by whoever is signed in. */
  as?: string;
  /** Of an approval, or of an item of a checklist. */
  comment?: string;
  /** Of a rejection, or of a bypass. */
  reason?: string;
  evidence?: string;
  /** Parts of the change that an approval leaves out. */
  except?: string[];
  /** ISO instants, or lengths of time from now. */
  effectiveAt?: string;
  until?: string;
  /** Of a delegation. */
  to?: string;
  /** Of a bypass. */
  incident?: string;
  /** Of a checklist. */
  item?: string;
}

/** What all decisions in bulk have in common. */
export interface BulkOptions extends JsonOption, WaitOption {
  yes?: true;
  dryRun?: true;
}

/** `approve --all`, `reject --all`. */
export interface BulkCommandOptions extends BulkOptions {
  target?: string;
  gate?: string;
  as?: string;
  comment?: string;
  reason?: string;
  /** Targets. */
  except?: string[];
}

export type DecisionCommandOptions = Omit<AnswerCommandOptions, 'gate'> & BulkCommandOptions & { all?: true };

export interface DecideCommandOptions extends BulkOptions {
  file: string;
  as?: string;
}

export interface ShowCommandOptions extends JsonOption {
  run?: string;
}

export interface CancelCommandOptions extends JsonOption {
  reason?: string;
}

export interface ListCommandOptions extends JsonOption {
  waiting?: true;
}

export interface AuditCommandOptions extends JsonOption {
  period?: string;
  environment: string;
  /** False with `--no-platform`. */
  platform: boolean;
  verify?: boolean;
}

export interface SimulateCommandOptions extends JsonOption {
  input?: string;
  story: string;
  /** Where the picture goes. */
  svg?: string;
}

export interface IncidentCommandOptions extends JsonOption, WaitOption {
  as?: string;
  comment?: string;
  severity?: string;
  role?: string;
  person?: string;
}

export interface FreezesCommandOptions extends JsonOption {
  /** ISO instant, or a length of time from now. */
  at?: string;
}

export interface OverrideFreezeCommandOptions extends JsonOption, WaitOption {
  as?: string;
  reason: string;
}

export interface NowCommandOptions extends JsonOption {
  /** Whose answers are looked for; whoever is signed in, when left out. */
  as?: string;
}

export interface ImportCommandOptions extends JsonOption {
  /** The organisation's only one when left out. */
  project?: string;
  /** The file that the draft goes to; standard output when left out. */
  out?: string;
  force?: true;
}

export interface AttachCommandOptions extends JsonOption {
  project: string;
  environment: string;
  mode: 'observe' | 'enforce';
  form: 'callback' | 'polling';
  /** Where Azure DevOps reaches the receiver. */
  url?: string;
  /** Minutes. */
  timeout?: number;
  remove?: true;
  print?: true;
}
