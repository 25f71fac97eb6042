import { useEffect, useState } from 'react';
import { openFile } from '../actions';
import { usePage } from '../store/store';

function holdsFile(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes('Files') ?? false;
}

/** Takes a scenario or a script that is dropped anywhere on the page, or pasted where nothing else takes it. */
export function FileDrop() {
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    const onOver = (event: DragEvent): void => {
      if (!holdsFile(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const onLeave = (event: DragEvent): void => {
      // Leaving the window, not just an element of it.
      if (event.relatedTarget === null) setOver(false);
    };
    const onDrop = (event: DragEvent): void => {
      if (!holdsFile(event)) return;
      event.preventDefault();
      setOver(false);
      const file = event.dataTransfer?.files[0];
      if (file !== undefined) void openFile(file);
    };
    // Before an editor that has the focus takes the file's text for itself.
    const early = { capture: true };
    window.addEventListener('dragover', onOver, early);
    window.addEventListener('dragleave', onLeave, early);
    window.addEventListener('drop', onDrop, early);
    const onPaste = (event: ClipboardEvent): void => {
      const isOwn =
        event.target instanceof HTMLElement && event.target.closest('input, textarea, [contenteditable="true"]');
      const text = event.clipboardData?.getData('text/plain') ?? '';
      if (isOwn || text.trim() === '') return;
      event.preventDefault();
      usePage.getState().openEditor(text);
    };
    window.addEventListener('paste', onPaste);
    return () => {
      window.removeEventListener('dragover', onOver, early);
      window.removeEventListener('dragleave', onLeave, early);
      window.removeEventListener('drop', onDrop, early);
      window.removeEventListener('paste', onPaste);
    };
  }, []);
  return isOver ? <div className="drop-mark">Drop the scenario or script here</div> : null;
}
