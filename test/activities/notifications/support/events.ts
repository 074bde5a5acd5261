import type { GateEvent } from '../../../../workflows/domain/gate-event.ts';

export function gateEvent(given: Partial<GateEvent> = {}): GateEvent {
  return {
    kind: 'opened',
    severity: 'P1',
    runbook: 'releaseModel',
    workflowId: 'releaseModel:P001:C001:42-3f2a91c0',
    runId: 'first-run',
    target: { plant: 'P001', circuit: 'C001', version: '42-3f2a91c0' },
    gate: 'stage1',
    generation: 0,
    question: 'Promote P001/C001 42-3f2a91c0?',
    recommendation: 'Approve: MAE falls by 9.5 %.',
    comparison: { measuredOn: '365 rows', figures: [{ name: 'MAE', candidate: '1.900', production: '2.100' }] },
    text: 'Promote P001/C001 42-3f2a91c0? Until Tuesday: it expires.',
    evidence: '0123456789ab',
    deadline: '2099-11-24T12:18:30.000Z',
    to: ['alice', 'releasers'],
    ...given,
  };
}
