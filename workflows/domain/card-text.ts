/** What other systems and people wrote, made fit for the card: log lines, alert rules, titles and tags must not draw headings, links or a second JSON to send. */
import { clip } from './answer.ts';
import type { GateCard } from './card.ts';

/** The card with every text cut to its place; taken before the evidence is hashed, so that the digest covers exactly what is shown. */
export function clipCard(card: GateCard): GateCard {
  return {
    ...card,
    question: clip(card.question, 200),
    recommendation: clip(card.recommendation, 240),
    facts: card.facts.slice(0, 12).map((fact) => clip(fact, 200)),
    change: clip(card.change, 240),
    undo: clip(card.undo, 160),
    ...(card.comparison && { comparison: { measuredOn: clip(card.comparison.measuredOn, 40), figures: card.comparison.figures.map(({ name, candidate, production, threshold }) => ({ name: clip(name, 40), candidate: clip(candidate, 40), production: clip(production, 40), ...(threshold !== undefined && { threshold: clip(threshold, 40) }) })) } }),
  };
}

/** The first six, and how many more. */
export function shortList(names: readonly string[]): string[] {
  const shown = names.slice(0, 6).map((name) => clip(name, 40));
  return names.length > 6 ? [...shown, `and ${names.length - 6} more`] : shown;
}
