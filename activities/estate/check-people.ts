/** Every name means one thing, and everybody named exists. */
import type { Complain, Path } from './complaints.ts';
import { absenceBetween } from './names.ts';
import type { Estate } from './schema.ts';

export function checkPeople(estate: Estate, complain: Complain): void {
  checkNames(estate, complain);
  const { people, groups, escalation, calendars } = estate;
  const isPerson = (name: string): boolean => people.some(({ id }) => id === name);

  people.forEach((person, index) => {
    const { id, calendar, absences } = person;
    if (calendar !== null && !Object.hasOwn(calendars, calendar)) complain(['people', index, 'calendar'], `there is no calendar "${calendar}"; add it to calendars`);
    absences.forEach((absence, position) => {
      const path: Path = ['people', index, 'absences', position];
      const { since, until } = absenceBetween(estate, person, absence);
      if (since >= until) complain([...path, 'until'], 'must be later than "from"');
      if (absence.delegate === id) complain([...path, 'delegate'], `${id} cannot answer for ${id}; name somebody else`);
      else if (!isPerson(absence.delegate)) complain([...path, 'delegate'], `"${absence.delegate}" is nobody in people; add the person or use the canonical id`);
    });
  });
  for (const [name, members] of Object.entries(groups)) {
    members.forEach((member, index) => {
      if (!isPerson(member)) complain(['groups', name, index], `"${member}" is nobody in people; add the person or use the canonical id`);
      if (members.indexOf(member) < index) complain(['groups', name, index], `"${member}" is listed twice`);
    });
  }
  for (const [contact, name] of Object.entries(escalation)) {
    if (!isPerson(name) && !Object.hasOwn(groups, name)) complain(['escalation', contact], `"${name}" is nobody in people, nor a group; add the person or the group`);
  }
}

/** Names compare without regard to case, as the platforms compare them. */
function checkNames({ people, groups, escalation }: Estate, complain: Complain): void {
  const owners = new Map<string, string>();
  const claim = (name: string, owner: string, path: Path, rule: string): void => {
    const other = owners.get(name.toLowerCase());
    if (other !== undefined) complain(path, `"${name}" already names ${other}; ${rule}`);
    owners.set(name.toLowerCase(), owner);
  };
  people.forEach(({ id, aliases }, index) => {
    claim(id, id, ['people', index, 'id'], 'a name belongs to one person');
    aliases.forEach((alias, position) => claim(alias, id, ['people', index, 'aliases', position], 'a name belongs to one person'));
  });
  for (const name of Object.keys(groups)) claim(name, `the group ${name}`, ['groups', name], 'call the group by another name');
  for (const name of Object.keys(escalation)) claim(name, `the contact ${name}`, ['escalation', name], 'call the contact by another name');
}
