/** Who is signed in: their role and why, their networks, their API tokens and devices, and the way out. */
import { Alert, Anchor, Button, Paper, Stack, Text, Title } from "@mantine/core";
import { IconLogout } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useApi, useSignedIn } from "@/api/context";
import { may, meQuery } from "@/api/me";
import { useVisibleNetworks } from "@/api/networks";
import type { Me } from "@/api/shapes";
import { Fact, Facts } from "@/components/Facts";
import { Loaded } from "@/components/Loaded";
import { namesOf } from "@/components/NetworkNames";
import { Page } from "@/components/Page";
import { OwnDevices } from "@/features/peers/OwnDevices";
import { OwnTokens } from "@/features/tokens/OwnTokens";

export default function ProfilePage() {
  const { t } = useTranslation();
  const { session } = useSignedIn();
  const reading = useQuery(meQuery(useApi()));
  return (
    <Page
      title={t("profile.title")}
      description={t("profile.lead")}
      isNarrow
      actions={
        <Button
          variant="default"
          leftSection={<IconLogout size={16} aria-hidden />}
          onClick={() => void session.signOut()}
        >
          {t("app.signOut")}
        </Button>
      }
    >
      <Loaded reading={reading} what={t("profile.title")} failed={t("profile.title")}>
        {(me) => <About me={me} />}
      </Loaded>
    </Page>
  );
}

function About({ me }: { me: Me }) {
  const { t } = useTranslation();
  const known = useVisibleNetworks() ?? [];
  const networks = me.networks === null ? t("networksField.all") : namesOf(me.networks, known).join(", ");
  return (
    <Stack>
      <Paper withBorder px="md" py="sm" radius="md">
        <Stack gap="xs">
          <Facts>
            <Fact label={t("profile.name")} value={me.name} />
            <Fact label={t("profile.role")} value={t(`role.${me.role}`)} />
            <Fact label={t("profile.networks")} value={networks || t("networksField.no")} />
          </Facts>
          <Text size="sm" c="dimmed">
            {t(`profile.because.${me.role_source}`)}
          </Text>
        </Stack>
      </Paper>
      {me.doubts.length > 0 && (
        <Alert color="yellow" variant="outline" title={t("profile.doubts")}>
          {me.doubts.map(({ code, text }) => (
            <Text key={code} size="sm">
              {text}
            </Text>
          ))}
        </Alert>
      )}
      {me.role === "member" && (
        <Part title={t("devices.title")} to="/devices" more={t("profile.devices")}>
          <OwnDevices />
        </Part>
      )}
      {may(me, "GET /tokens") && (
        <Part title={t("tokens.title")} to="/tokens" more={t("profile.manage")}>
          <OwnTokens />
        </Part>
      )}
    </Stack>
  );
}

type PartProps = { title: string; to: "/devices" | "/tokens"; more: string; children: React.ReactNode };

function Part({ title, to, more, children }: PartProps) {
  return (
    <Stack gap="xs" component="section" aria-label={title}>
      <Title order={2} size="h4">
        {title}
      </Title>
      {children}
      <Anchor component={Link} to={to} size="sm">
        {more}
      </Anchor>
    </Stack>
  );
}
