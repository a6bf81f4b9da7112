/** What is known of one row and can be done to it, beside its table; on phones over it. */
import { Drawer } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useFocusBack } from "@/components/Dialog";

type Props = { title: string; size?: number; onClose: () => void; children: ReactNode };

export function SidePanel({ title, size = 480, onClose, children }: Props) {
  const { t } = useTranslation();
  useFocusBack();
  return (
    <Drawer.Root opened onClose={onClose} position="right" size={size} returnFocus={false}>
      <Drawer.Overlay backgroundOpacity={0.35} />
      <Drawer.Content>
        <Drawer.Header role="none">
          <Drawer.Title fz="h3" fw={650} style={{ overflowWrap: "anywhere" }}>
            {title}
          </Drawer.Title>
          <Drawer.CloseButton aria-label={t("words.close")} />
        </Drawer.Header>
        <Drawer.Body>{children}</Drawer.Body>
      </Drawer.Content>
    </Drawer.Root>
  );
}
