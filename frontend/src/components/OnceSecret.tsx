/** A secret that is shown this once: what it is for, the text with a copy button, and a way out that says so. */
import { Alert, Button, Group, Stack } from "@mantine/core";
import { IconKey } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { CopyBlock } from "@/components/Copy";
import { Dialog } from "@/components/Dialog";

type Props = {
  title: string;
  /** null: the request was answered before, and the secret with it. */
  secret: string | null;
  copy: string;
  children?: ReactNode;
  onClose: () => void;
};

export function OnceSecret({ title, secret, copy, children, onClose }: Props) {
  const { t } = useTranslation();
  return (
    <Dialog title={title} opened onClose={onClose} closeLabel={t("once.done")} size="lg">
      <Stack>
        <Alert color="yellow" variant="outline" icon={<IconKey aria-hidden />}>
          {secret === null ? t("once.gone") : t("once.text")}
        </Alert>
        {secret !== null && <CopyBlock text={secret} label={copy} />}
        {children}
        <Group justify="flex-end">
          <Button onClick={onClose}>{t("once.done")}</Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
