/** Which calls of a script the model has not, before anything runs. */
import type { Script } from '../../scenario/packetdrill/ast';
import type { Beyond } from '../../scenario/packetdrill/settings';
import { settingsOf } from '../../scenario/packetdrill/settings';
import { CannotMap } from './endpoint';
import { translate } from './translate';

export function callsBeyond(script: Script): Beyond[] {
  const { settings } = settingsOf(script);
  return script.events.flatMap(({ action, place }) => {
    if (action.kind !== 'call') return [];
    try {
      translate(action, settings);
      return [];
    } catch (error) {
      if (!(error instanceof CannotMap)) throw error;
      return [{ line: place.line, what: error.message }];
    }
  });
}
