/** What no shape can say about gates: everybody named exists, the quorum can be reached, the clock runs in order. */
import { checkWorkingHours, clockTimes, type Say } from './check-working-hours.ts';
import type { Complain, Path } from './complaints.ts';
import { completeGate, effectiveGate, gateVariants, missingFields, writtenParts, type GateVariant } from './effective-gates.ts';
import type { GateFields, GatePart } from './gate-schema.ts';
import { peopleBehind } from './names.ts';
import type { Estate } from './schema.ts';

/** `warn`: what is valid but may surprise. */
export function checkGates(estate: Estate, complain: Complain, warn: Complain = () => undefined): void {
  for (const { path, part } of writtenParts(estate)) checkNames(estate, path, part, complain);
  // One part serves several gates: what is wrong with it is said once.
  const said = new Set<string>();
  const once = (say: Complain): Complain => (path, message) => {
    const key = JSON.stringify([path, message]);
    if (!said.has(key)) say(path, message);
    said.add(key);
  };
  for (const variant of gateVariants(estate)) checkVariant(estate, variant, once(complain), once(warn));
}

/** Everybody whom a part of a gate names exists. */
export function checkNames({ people, groups, escalation, calendars }: Estate, path: Path, part: GatePart, complain: Complain): void {
  const isGroup = (name: string): boolean => Object.hasOwn(groups, name);
  const isPerson = (name: string): boolean => people.some(({ id }) => id === name);
  const checkList = (names: readonly string[] | null | undefined, at: Path): void =>
    names?.forEach((name, index) => {
      if (!isPerson(name) && !isGroup(name)) complain([...path, ...at, index], `"${name}" is nobody in people, nor a group; add the person or the group, or use the canonical id`);
      if (names.indexOf(name) < index) complain([...path, ...at, index], `"${name}" is listed twice`);
    });

  checkList(part.approvers, ['approvers']);
  checkList(part.breakGlass, ['breakGlass']);
  part.widen?.forEach(({ approvers }, index) => checkList(approvers, ['widen', index, 'approvers']));
  part.mandatoryGroups?.forEach((name, index) => {
    if (!isGroup(name)) complain([...path, 'mandatoryGroups', index], `there is no group "${name}"; add it to groups`);
  });
  part.escalate?.forEach(({ to }, index) => {
    if (!isPerson(to) && !isGroup(to) && !Object.hasOwn(escalation, to)) complain([...path, 'escalate', index, 'to'], `"${to}" is no contact of the escalation path, no group and nobody in people; add it to escalation`);
  });
  if (typeof part.opening === 'string' && !Object.hasOwn(calendars, part.opening)) complain([...path, 'opening'], `there is no calendar "${part.opening}"; add it to calendars`);
  part.checklist?.forEach(({ id, by, people: answering }, index) => {
    const at: Path = ['checklist', index];
    if (part.checklist!.findIndex((item) => item.id === id) < index) complain([...path, ...at, 'id'], `"${id}" is the id of an earlier item; each needs its own`);
    if (by === 'machine' && answering !== null) complain([...path, ...at, 'people'], 'the runbook answers this item; leave people out, or make it an item "by: person"');
    checkList(answering, [...at, 'people']);
  });
}

function checkVariant(estate: Estate, variant: GateVariant, complain: Complain, warn: Complain): void {
  const effective = effectiveGate(estate, variant);
  const missing = missingFields(effective);
  const { gate, severity, plant } = variant;
  if (missing.length > 0) return complain(['gates', gate], `lacks ${missing.join(', ')} for targets of severity ${severity}${plant === null ? '' : ` in ${plant}`}; give them here, or in gateDefaults`);

  /** A part that serves several gates does not say by itself which one is meant. */
  const about = (say: Complain) => (field: keyof GateFields, message: string, within: Path = []): void => {
    const path = effective.origin(field);
    say([...path, ...within], path[0] === 'gates' ? message : `${message} (gate ${gate}, severity ${severity}${plant === null ? '' : `, ${plant}`})`);
  };
  const fields = completeGate(estate, variant);
  checkReachable(estate, fields, about(complain), about(warn));
  checkClock(estate, fields, about(complain), about(warn));
  if (fields.onSilence === 'rollBack' && gate !== 'rollback') about(complain)('onSilence', `there is nothing to roll back at ${gate}: its effect has not taken place; only the gate "rollback" may, here say expire, reject or hold`);
}

/** Four-eyes excludes whoever asked: the author, and whoever started the run. One of them may well be an approver; that both are is rarer, and said as a warning. */
function checkReachable(estate: Estate, { quorum, approvers, widen, mandatoryGroups, fourEyes }: GateFields, complain: Say, warn: Say): void {
  const eligible = peopleBehind(estate, [...approvers, ...widen.flatMap((step) => step.approvers)]);
  const available = Math.max(0, eligible.length - (fourEyes ? 1 : 0));
  if (quorum > available) {
    complain('quorum', `${quorum} approvals can never be reached: ${available} can answer${fourEyes ? ' when one approver asked for the change' : ''}; name more approvers or lower it`);
  } else if (fourEyes && quorum > available - 1) {
    warn('quorum', `${quorum} ${quorum === 1 ? 'approval' : 'approvals'} cannot be reached when two approvers asked for the change, one as its author and one by starting the run: ${available - 1} can answer then; name more approvers, or widen them`);
  }
  mandatoryGroups.forEach((name, index) => {
    const members = peopleBehind(estate, [name]).filter((member) => eligible.includes(member));
    if (members.length === 0) complain('mandatoryGroups', `nobody of ${name} is among the approvers, so that the gate could never pass; add the group to approvers`, [index]);
    else if (fourEyes && members.length === 1) complain('mandatoryGroups', `only ${members[0]} of ${name} is among the approvers, so that the gate could never pass when ${members[0]} asked for the change; add another member to approvers`, [index]);
  });
}

/** Working time is never shorter than elapsed time: a tick in working hours that is no shorter than the deadline comes too late in any case. One in elapsed hours may come before a deadline in working hours. */
function checkClock(estate: Estate, { deadline, remindAfter, escalate, widen, approvers }: GateFields, complain: Say, warn: Say): void {
  const times = clockTimes({ remindAfter, escalate, widen });
  for (const { field, time, within } of times) {
    if (time.afterMs >= deadline.afterMs && (time.hours === 'working' || deadline.hours === 'elapsed')) complain(field, 'must be shorter than the deadline', within);
  }

  const field = deadline.hours === 'working' ? 'deadline' : times.find(({ time }) => time.hours === 'working')?.field;
  if (field === undefined) return;
  const people = peopleBehind(estate, approvers).flatMap((id) => estate.people.filter((person) => person.id === id));
  const always = people.filter(({ calendar }) => calendar === null).map(({ id }) => id);
  checkWorkingHours(estate, { deadline, remindAfter, escalate, widen, approvers }, complain, warn);
  if (people.length > 0 && always.length === people.length) complain(field, 'counts working time, but no approver has a calendar; give at least one of them a calendar, or leave out "working"');
  else if (always.length > 0) warn(field, `counts working time, but ${always.join(', ')} ${always.length === 1 ? 'has' : 'have'} no calendar and so ${always.length === 1 ? 'counts' : 'count'} as always at work: it is elapsed time`);
}
