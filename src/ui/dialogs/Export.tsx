import { Modal } from './Modal';

/** Not yet. */
export default function Export() {
  return <Modal title="Export">…</Modal>;
}
