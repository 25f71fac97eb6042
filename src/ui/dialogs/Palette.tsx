import { Modal } from './Modal';

/** Not yet. */
export default function Palette() {
  return <Modal title="Palette">…</Modal>;
}
