import { Dialog } from '@base-ui/react/dialog';
import type { ReactNode, RefObject } from 'react';
import { usePage } from '../store/store';
import './dialogs.css';

/** A window over the page: it has the focus until it is closed (Escape), and gives it back. */
export function Modal({
  title,
  wide = false,
  children,
  initialFocus,
}: {
  title: string;
  wide?: boolean;
  children: ReactNode;
  initialFocus?: RefObject<HTMLElement | null>;
}) {
  const openDialog = usePage((page) => page.openDialog);
  return (
    <Dialog.Root open onOpenChange={(open) => !open && openDialog(null)}>
      <Dialog.Portal>
        <Dialog.Backdrop className="modal-backdrop" />
        <Dialog.Popup className="modal" data-wide={wide} {...(initialFocus === undefined ? {} : { initialFocus })}>
          <div className="modal-head">
            <Dialog.Title className="modal-title">{title}</Dialog.Title>
            <Dialog.Close className="button small">Close</Dialog.Close>
          </div>
          {children}
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
