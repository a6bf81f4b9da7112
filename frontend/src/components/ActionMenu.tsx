/** What can be done to one thing, behind one button that names it. */
import { ActionIcon, Menu } from "@mantine/core";
import { type Icon, IconDots } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

export type Action = { label: string; icon: Icon; run: () => void; isDestructive?: boolean };

type Props = { name: string; actions: readonly Action[]; look?: "row" | "page" };

export function ActionMenu({ name, actions, look = "row" }: Props) {
  const { t } = useTranslation();
  if (actions.length === 0) return null;
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon
          size={look === "row" ? 30 : 36}
          variant={look === "row" ? "subtle" : "default"}
          aria-label={t("words.actionsOf", { name })}
        >
          <IconDots size={18} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {actions.map(({ label, icon: Mark, run, isDestructive }) => (
          <Menu.Item
            key={label}
            leftSection={<Mark size={16} aria-hidden />}
            onClick={run}
            {...(isDestructive ? { c: "var(--mantine-color-error)" } : {})}
          >
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
