/** A page: where it is, its heading, what can be done here, and its parts. */
import { Anchor, Breadcrumbs, Container, Group, Stack, Text, Title } from "@mantine/core";
import { Link, type LinkProps } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Loaded, type Reading } from "@/components/Loaded";
import { useTitle } from "@/lib/title";

type Frame = {
  title: string;
  description?: string;
  /** The page above this one. */
  above?: { to: NonNullable<LinkProps["to"]>; label: string };
  actions?: ReactNode;
  isNarrow?: boolean;
};

export function Page({
  title,
  description,
  above,
  actions,
  isNarrow = false,
  children,
}: Frame & { children?: ReactNode }) {
  const { t } = useTranslation();
  useTitle(title);
  return (
    <Container size={isNarrow ? "sm" : "xl"} py="lg">
      <Stack gap="md">
        {above && (
          <nav aria-label={t("page.path")}>
            <Breadcrumbs>
              <Anchor component={Link} to={above.to} size="sm">
                {above.label}
              </Anchor>
              <Text size="sm" c="dimmed" aria-current="page" truncate>
                {title}
              </Text>
            </Breadcrumbs>
          </nav>
        )}
        <Group justify="space-between" align="flex-end" gap="sm">
          <div style={{ minWidth: 0 }}>
            <Title order={1} size="h2" style={{ overflowWrap: "anywhere" }}>
              {title}
            </Title>
            {description && <Text c="dimmed">{description}</Text>}
          </div>
          {actions}
        </Group>
        {children}
      </Stack>
    </Container>
  );
}

type OfReading<Data> = Omit<Frame, "actions"> & {
  reading: Reading<Data>;
  failed: string;
  isEmpty: (data: Data) => boolean;
  empty: (data: Data) => ReactNode;
  actions: (data: Data) => ReactNode;
  dialogs: ReactNode;
  children: (data: Data) => ReactNode;
};

/** A page of something that is read: until it is there, and while there is none, its actions are not offered. */
export function PageOf<Data>({
  reading,
  failed,
  isEmpty,
  empty,
  actions,
  dialogs,
  children,
  ...frame
}: OfReading<Data>) {
  const { data } = reading;
  return (
    <Page {...frame} actions={data !== undefined && !isEmpty(data) && actions(data)}>
      <Loaded reading={reading} what={frame.title} failed={failed}>
        {(found) => (isEmpty(found) ? empty(found) : children(found))}
      </Loaded>
      {dialogs}
    </Page>
  );
}
