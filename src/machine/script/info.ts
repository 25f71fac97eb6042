/** TCP_INFO for the Python of a script. */
import type { Names } from '../../scenario/packetdrill/python';
import type { SystemCall } from '../../scenario/schema';
import type { CallResult } from '../syscalls/enter';

/** Fetches TCP_INFO of descriptor `fd` of the script by a getsockopt() of its process. */
export function infoNames(
  _fd: number,
  _give: (call: SystemCall, done: (result: CallResult) => void) => void,
  then: (info: Names | string) => void,
): void {
  then('none, the model has no TCP_INFO');
}
