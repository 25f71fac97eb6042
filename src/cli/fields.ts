import { fieldReference, matchesField } from '../scenario/reference';

/** A line for each field of a scenario in which `word` stands: path, what it takes, default, meaning. */
export function fieldsText(word: string): string {
  return fieldReference()
    .filter((one) => matchesField(one, word))
    .map(({ path, expected, initial, required, doc }) => {
      const usual = required ? 'required' : initial === null ? '' : `default ${initial}`;
      return `${[path, expected, usual, doc].join('\t')}\n`;
    })
    .join('');
}
