/** How one undo went. `failed` ones need a person, and the reason says what is left. */
export interface CompensationReport {
  step: string;
  state: 'done' | 'failed';
  detail: string;
}
