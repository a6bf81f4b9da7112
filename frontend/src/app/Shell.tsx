/** Header, the way to the pages, and the page's place. */
import {
  ActionIcon,
  Anchor,
  AppShell,
  Group,
  Menu,
  Text,
  useComputedColorScheme,
  useMantineColorScheme,
} from "@mantine/core";
import { IconLogout, IconMoon, IconSun, IconUser, IconUserCircle } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useRouterState } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useApi, useSignedIn } from "@/api/context";
import { meQuery } from "@/api/me";
import { LiveBadge } from "@/app/LiveBadge";
import { Navigation } from "@/app/Navigation";
import { NoAccess } from "@/app/pages/Trouble";
import classes from "@/app/Shell.module.css";
import { PORTALS_ID } from "@/app/theme";
import { Logo } from "@/components/Logo";
import { Problem } from "@/lib/problem";

export function Shell() {
  const { t } = useTranslation();
  const main = useRef<HTMLElement>(null);
  useFocusOnNavigation(main);
  const { error } = useQuery(meQuery(useApi()));
  const isShutOut = error instanceof Problem && error.status === 403;
  return (
    <AppShell header={{ height: 56 }} padding={0}>
      <a className={classes.skip} href="#main">
        {t("app.skip")}
      </a>
      <AppShell.Header className={classes.header}>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Anchor component={Link} to="/" underline="never" className={classes.brand}>
            <Logo size={26} />
            <span>{t("app.name")}</span>
          </Anchor>
          <Group gap="xs" wrap="nowrap">
            <LiveBadge />
            <SchemeToggle />
            <AccountMenu />
          </Group>
        </Group>
      </AppShell.Header>
      <Navigation />
      <AppShell.Main id="main" ref={main} tabIndex={-1} className={classes.main}>
        {isShutOut ? <NoAccess /> : <Outlet />}
        <div id={PORTALS_ID} />
      </AppShell.Main>
    </AppShell>
  );
}

/** A screen reader and the keyboard go on at the new page; not on the first, nor when only filters change. */
function useFocusOnNavigation(main: React.RefObject<HTMLElement | null>) {
  const path = useRouterState({ select: (state) => state.location.pathname });
  const before = useRef(path);
  useEffect(() => {
    if (before.current !== path) main.current?.focus();
    before.current = path;
  }, [path, main]);
}

function SchemeToggle() {
  const { t } = useTranslation();
  const { setColorScheme } = useMantineColorScheme();
  const other = useComputedColorScheme("light") === "dark" ? "light" : "dark";
  return (
    <ActionIcon size="lg" onClick={() => setColorScheme(other)} aria-label={t("app.theme", { scheme: other })}>
      {other === "dark" ? <IconMoon size={18} aria-hidden /> : <IconSun size={18} aria-hidden />}
    </ActionIcon>
  );
}

function AccountMenu() {
  const { t } = useTranslation();
  const { api, session } = useSignedIn();
  const { data: me } = useQuery(meQuery(api));
  if (!me) return null;
  return (
    <Menu position="bottom-end" width={230}>
      <Menu.Target>
        <ActionIcon size="lg" aria-label={t("app.menu", { name: me.name })}>
          <IconUserCircle size={20} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <Text size="sm" fw={600} truncate>
            {me.name}
          </Text>
          <Text size="xs">{t(`role.${me.role}`)}</Text>
        </Menu.Label>
        <Menu.Item component={Link} to="/profile" leftSection={<IconUser size={16} aria-hidden />}>
          {t("app.profile")}
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={() => void session.signOut()}>
          {t("app.signOut")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
