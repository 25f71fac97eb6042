import { fieldReference, matchesField } from '../scenario/reference';

const ALIKE = `hosts.B takes what hosts.A does; so do hosts.R.eth0 and hosts.R.eth1 for card and qdisc, and hosts.R for sysctl, routes
and netfilter. linkB takes what link does, connections[].b what .a does, a child of prio what such a qdisc does.
`;

/** A line for each field of a scenario in which `word` stands: path, what it takes, default, meaning. */
export function fieldsText(word: string): string {
  const lines = fieldReference()
    .filter((one) => matchesField(one, word))
    .map(({ path, expected, initial, required, doc }) => {
      const usual = required ? 'required' : initial === null ? '' : `default ${initial}`;
      return `${[path, expected, usual, doc].join('\t')}\n`;
    })
    .join('');
  return word === '' ? `${lines}\n${ALIKE}` : lines;
}
