import type { LucideIcon } from "lucide-react";
import { ariaShortcut, shortcutText } from "../ui/shortcuts";

interface Props {
  readonly label: string;
  readonly icon: LucideIcon;
  readonly shortcut?: string | null;
  readonly pressed?: boolean | undefined;
  readonly disabled?: boolean;
  readonly onClick: () => void;
}

/** A button of the toolbar. It never takes the focus from the text by a click. */
export function ToolButton({ label, icon: Icon, shortcut = null, ...rest }: Props) {
  return (
    <button
      type="button"
      className="tool"
      aria-label={label}
      aria-pressed={rest.pressed}
      aria-keyshortcuts={shortcut === null ? undefined : ariaShortcut(shortcut)}
      data-tooltip={shortcut === null ? label : `${label}  ${shortcutText(shortcut)}`}
      disabled={rest.disabled ?? false}
      onMouseDown={(event) => event.preventDefault()}
      onClick={rest.onClick}
    >
      <Icon size={17} aria-hidden />
    </button>
  );
}
