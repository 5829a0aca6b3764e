import { Monitor, Moon, Sun } from "lucide-react";
import { setTheme, type Theme, themeChoice } from "../app/theme";
import { useStore } from "../app/useStore";
import { Menu } from "./Menu";

const CHOICES: readonly (readonly [Theme, string, typeof Sun])[] = [
  ["system", "Like the system", Monitor],
  ["light", "Light", Sun],
  ["dark", "Dark", Moon],
];

export function ThemeMenu() {
  const theme = useStore(themeChoice);
  const Icon = CHOICES.find(([choice]) => choice === theme)?.[2] ?? Monitor;
  return (
    <Menu
      label="Theme"
      tooltip="Theme"
      className="icon-button"
      align="end"
      testId="theme-menu"
      items={CHOICES.map(([choice, label, ChoiceIcon]) => ({
        label,
        icon: <ChoiceIcon size={16} />,
        checked: choice === theme,
        run: () => setTheme(choice),
      }))}
    >
      <Icon size={18} aria-hidden />
    </Menu>
  );
}
