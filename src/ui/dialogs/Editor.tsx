import { Modal } from './Modal';

/** Not yet. */
export default function Editor() {
  return <Modal title="Editor">…</Modal>;
}
