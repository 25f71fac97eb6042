import { type KeyboardEvent, type PointerEvent, useRef } from 'react';

/** A border that can be moved: `value` is the share of the window, in percent, that its panel takes. */
export interface SplitterProps {
  readonly label: string;
  readonly className: string;
  readonly orientation: 'vertical' | 'horizontal';
  /** 1 when moving right or down makes the panel larger. */
  readonly sign: 1 | -1;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  onChange(value: number): void;
}

const KEY_STEP = 2;

/** Moved by pointer, by arrow keys, to its ends with Home and End. */
export function Splitter({ label, className, orientation, sign, value, min, max, onChange }: SplitterProps) {
  const grip = useRef<{ at: number; value: number } | null>(null);
  const isVertical = orientation === 'vertical';
  const set = (wanted: number): void => onChange(Math.max(min, Math.min(max, Math.round(wanted * 10) / 10)));
  const at = (event: PointerEvent): number => (isVertical ? event.clientX : event.clientY);
  const onKeyDown = (event: KeyboardEvent): void => {
    const more = isVertical ? 'ArrowRight' : 'ArrowDown';
    const less = isVertical ? 'ArrowLeft' : 'ArrowUp';
    if (event.key === more) set(value + sign * KEY_STEP);
    else if (event.key === less) set(value - sign * KEY_STEP);
    else if (event.key === 'Home') set(min);
    else if (event.key === 'End') set(max);
    else return;
    event.preventDefault();
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a separator that can be moved is a widget; hr is not
    <div
      role="separator"
      tabIndex={0}
      className={`splitter ${className}`}
      aria-label={label}
      aria-orientation={orientation}
      aria-valuenow={Math.round(value)}
      aria-valuemin={min}
      aria-valuemax={max}
      onKeyDown={onKeyDown}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        grip.current = { at: at(event), value };
      }}
      onPointerMove={(event) => {
        if (grip.current === null) return;
        const whole = isVertical ? innerWidth : innerHeight;
        set(grip.current.value + (sign * (at(event) - grip.current.at) * 100) / whole);
      }}
      onPointerUp={() => {
        grip.current = null;
      }}
      onPointerCancel={() => {
        grip.current = null;
      }}
    />
  );
}
