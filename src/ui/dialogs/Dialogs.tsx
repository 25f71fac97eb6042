import { lazy, Suspense, useEffect } from 'react';
import { type DialogName, usePage } from '../store/store';

// Loaded when first opened: the page's first script stays small.
const DIALOGS: Readonly<Record<DialogName, React.LazyExoticComponent<() => React.ReactNode>>> = {
  palette: lazy(() => import('./Palette')),
  editor: lazy(() => import('./Editor')),
  export: lazy(() => import('./Export')),
  help: lazy(() => import('./Help')),
  about: lazy(() => import('./About')),
  drops: lazy(() => import('./Drops')),
};

/** Marks the page as not at rest for as long as it stands. */
function Loading() {
  const wait = usePage((page) => page.wait);
  useEffect(() => wait(), [wait]);
  return null;
}

/** The window that is open over the page, if one is. */
export function Dialogs() {
  const dialog = usePage((page) => page.dialog);
  if (dialog === null) return null;
  const Shown = DIALOGS[dialog];
  return (
    <Suspense fallback={<Loading />}>
      <Shown />
    </Suspense>
  );
}
