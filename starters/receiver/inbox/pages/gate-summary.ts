/** The few lines that say which gate is meant and how urgent it is: in the list, on the card and in the preview. */
import type { GateView } from '../../../../workflows/domain/gate-view.ts';
import { html, type Html } from '../html.ts';
import { fromNow, span, utc } from '../time-text.ts';

export function severityBadge({ policy: { severity } }: GateView): Html {
  return html`<span class="severity ${severity}">${severity}</span>`;
}

/** `P001/C001 42-3f2a91c0 · stage1 of releaseModel`. */
export function whereabouts({ target, gate, runbook }: GateView): Html {
  return html`${target !== null && html`<strong>${target.plant}/${target.circuit}</strong> ${target.version} · `}${gate} of ${runbook}`;
}

/** How much of its time is gone: a bar, and the same in words. */
export function ageBar({ openedAt, deadline, gate, target, workflowId }: GateView, now: Date): Html {
  const [opened, closes, at] = [Date.parse(openedAt), Date.parse(deadline), now.getTime()];
  const share = closes <= opened ? 1 : Math.min(1, Math.max(0, (at - opened) / (closes - opened)));
  const left = closes > at ? `${span(closes - at)} left, until ${utc(deadline)}` : `the deadline was ${fromNow(deadline, now)}`;
  const label = `Time gone of ${gate} of ${target === null ? workflowId : `${target.plant}/${target.circuit}`}`;
  return html`<span class="age"><meter min="0" max="1" low="0.5" high="0.8" optimum="0" value="${share.toFixed(3)}" aria-label="${label}">${Math.round(share * 100)} %</meter> <span>waits for ${span(Math.max(0, at - opened))}; ${left}</span></span>`;
}
