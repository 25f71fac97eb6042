import { KEYS } from '../keyboard';
import { Modal } from './Modal';

const SIGNS: Readonly<Record<string, string>> = {
  ArrowRight: '→',
  ArrowLeft: '←',
  ArrowUp: '↑',
  ArrowDown: '↓',
  ' ': 'Space',
};

/** A key's name as it is printed on the key. */
function sign(key: string): string {
  const [last = key, shift] = key.split('+').reverse();
  return `${shift === undefined ? '' : `${shift} `}${SIGNS[last] ?? (last.length === 1 ? last.toUpperCase() : last)}`;
}

/** What each key does. */
export default function Help() {
  return (
    <Modal title="Keyboard">
      <dl className="facts keys modal-body">
        <dt>
          <kbd>Ctrl K</kbd>
        </dt>
        <dd>Command palette: presets, functions, objects, breakpoints, exports</dd>
        {Object.entries(KEYS).map(([key, { does }]) => (
          <div key={key} style={{ display: 'contents' }}>
            <dt>
              <kbd>{sign(key)}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}
