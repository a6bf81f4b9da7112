/** Facts of one thing, each under its name. */
import { Group, SimpleGrid, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { CopyIcon } from "@/components/Copy";

export function Facts({ children }: { children: ReactNode }) {
  return (
    <SimpleGrid component="dl" minColWidth="180px" spacing="md" verticalSpacing="xs" m={0}>
      {children}
    </SimpleGrid>
  );
}

/** With `copy` a text that people take elsewhere. */
export function Fact(props: { label: string; value: string; copy?: boolean } | { label: string; children: ReactNode }) {
  const { t } = useTranslation();
  const text = "value" in props ? props.value : undefined;
  const isCopied = "value" in props && props.copy === true;
  return (
    <div>
      <Text component="dt" size="xs" c="dimmed">
        {props.label}
      </Text>
      <Group component="dd" m={0} gap={6} wrap="nowrap">
        <Text
          component="div"
          {...(isCopied ? { ff: "monospace" } : {})}
          size="sm"
          style={{ overflowWrap: "anywhere", minWidth: 0 }}
        >
          {"children" in props ? props.children : text}
        </Text>
        {isCopied && text !== undefined && <CopyIcon value={text} label={`${t("words.copy")}: ${props.label}`} />}
      </Group>
    </div>
  );
}
