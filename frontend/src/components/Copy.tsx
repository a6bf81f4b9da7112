/** Copying: a button beside a value, or a block of code with one. */
import { ActionIcon, Button, Code, CopyButton, Group, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import classes from "@/components/Copy.module.css";

export function CopyIcon({ value, label }: { value: string; label: string }) {
  const { t } = useTranslation();
  return (
    <CopyButton value={value} timeout={1500}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? t("words.copied") : label}>
          <ActionIcon size={24} onClick={copy} aria-label={label}>
            {copied ? <IconCheck size={15} aria-hidden /> : <IconCopy size={15} aria-hidden />}
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  );
}

export function CopyBlock({ text, label }: { text: string; label: string }) {
  return (
    <div className={classes.block}>
      <Code block className={classes.code} tabIndex={0}>
        {text}
      </Code>
      <Group justify="flex-end" mt={8}>
        <CopyText value={text} label={label} />
      </Group>
    </div>
  );
}

export function CopyText(props: { value: string; label: string }) {
  const { t } = useTranslation();
  return (
    <CopyButton value={props.value} timeout={2000}>
      {({ copied, copy }) => (
        <Button
          size="xs"
          variant="default"
          onClick={copy}
          leftSection={copied ? <IconCheck size={15} aria-hidden /> : <IconCopy size={15} aria-hidden />}
        >
          <span aria-live="polite">{copied ? t("words.copied") : props.label}</span>
        </Button>
      )}
    </CopyButton>
  );
}
