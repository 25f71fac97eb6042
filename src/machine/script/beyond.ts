/** Which calls of a script the model has not, before anything runs. */
import type { Script } from '../../scenario/packetdrill/ast';
import { type Beyond, settingsOf } from '../../scenario/packetdrill/settings';
import type { Sockets } from './arguments';
import { CannotMap } from './endpoint';
import { translate } from './translate';

const nothing = (): void => {};

export function callsBeyond(script: Script): Beyond[] {
  const sockets: Sockets = {
    settings: settingsOf(script).settings,
    localIp: '0.0.0.0',
    remoteIp: '0.0.0.0',
    opened: nothing,
    bound: nothing,
    listens: nothing,
    connects: nothing,
    accepted: nothing,
    sends: nothing,
  };
  return script.events.flatMap(({ action, place }) => {
    if (action.kind !== 'call') return [];
    try {
      translate(action, sockets);
      return [];
    } catch (error) {
      if (!(error instanceof CannotMap)) throw error;
      return [{ line: place.line, what: error.message }];
    }
  });
}
