import { type KeyboardEvent, type ReactNode, useId, useRef, useState } from "react";
import { placeAt } from "./place";

export interface MenuItem {
  readonly label: string;
  readonly icon?: ReactNode;
  readonly hint?: string;
  readonly danger?: boolean;
  readonly disabled?: boolean;
  readonly checked?: boolean;
  readonly separated?: boolean;
  readonly run: () => void;
}

interface Props {
  readonly label: string;
  readonly className?: string;
  readonly align?: "start" | "end";
  readonly tooltip?: string;
  readonly testId?: string;
  readonly disabled?: boolean;
  readonly items: readonly MenuItem[];
  readonly children: ReactNode;
}

/** A button with a menu in the top layer, so that no scrolling bar cuts it off. */
export function Menu(props: Props) {
  const { label, className = "button", align = "start", items, children } = props;
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState(false);

  const choices = () =>
    [...(menu.current?.querySelectorAll<HTMLButtonElement>("[role^=menuitem]") ?? [])].filter(
      (item) => !item.disabled,
    );

  const onToggle = () => {
    const shown = menu.current?.matches(":popover-open") ?? false;
    setOpen(shown);
    if (!shown || menu.current === null || button.current === null) return;
    placeAt(button.current, menu.current, align);
    choices()[0]?.focus({ preventScroll: true });
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const all = choices();
    const at = all.indexOf(document.activeElement as HTMLButtonElement);
    const moves: Record<string, number> = {
      ArrowDown: (at + 1) % all.length,
      ArrowUp: (at - 1 + all.length) % all.length,
      Home: 0,
      End: all.length - 1,
    };
    const to = moves[event.key];
    if (event.key === "Tab") menu.current?.hidePopover();
    if (to === undefined) return;
    event.preventDefault();
    all[to]?.focus();
  };

  const choose = (item: MenuItem) => {
    menu.current?.hidePopover();
    item.run();
  };

  return (
    <>
      <button
        ref={button}
        type="button"
        className={className}
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={open}
        disabled={props.disabled ?? false}
        data-tooltip={props.tooltip}
        data-testid={props.testId}
        popoverTarget={id}
        onMouseDown={(event) => event.preventDefault()}
      >
        {children}
      </button>
      <div
        ref={menu}
        id={id}
        popover="auto"
        role="menu"
        tabIndex={-1}
        aria-label={label}
        className="menu"
        onToggle={onToggle}
        onKeyDown={onKeyDown}
      >
        {items.map((item) => (
          <button
            key={item.label}
            type="button"
            {...(item.checked === undefined
              ? { role: "menuitem" }
              : { role: "menuitemradio", "aria-checked": item.checked })}
            className="menu-item"
            data-danger={item.danger || undefined}
            data-separated={item.separated || undefined}
            disabled={item.disabled ?? false}
            tabIndex={-1}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => choose(item)}
          >
            <span className="menu-icon" aria-hidden>
              {item.icon}
            </span>
            <span className="menu-label">{item.label}</span>
            {item.hint !== undefined && <span className="menu-hint">{item.hint}</span>}
          </button>
        ))}
      </div>
    </>
  );
}
