/** What is seen before anybody is signed in, and the pages after. */
import { Button, Center, Group, Loader, Stack, Text, Title } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { lazy, type ReactNode, Suspense, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { SignedInContext } from "@/api/context";
import { type Started, start } from "@/app/signIn";
import { Logo } from "@/components/Logo";

const Pages = lazy(() => import("@/app/router"));

export function Start() {
  const { t } = useTranslation();
  const [state, setState] = useState<Started>({ kind: "leaving" });
  useEffect(() => {
    void start().then(setState);
  }, []);
  switch (state.kind) {
    case "ready":
      return (
        <SignedInContext value={state.signedIn}>
          <QueryClientProvider client={state.cache}>
            <Suspense fallback={<Starting />}>
              <Pages />
            </Suspense>
          </QueryClientProvider>
        </SignedInContext>
      );
    case "leaving":
      return <Starting />;
    case "signedOut":
      return (
        <Notice title={t("start.signedOut")} text={t("start.signedOutText")}>
          <Button onClick={() => window.location.assign("/")}>{t("start.signIn")}</Button>
        </Notice>
      );
    case "failed":
      return <Failed state={state} />;
    default:
      return state satisfies never;
  }
}

function Failed({ state }: { state: Extract<Started, { kind: "failed" }> }) {
  const { t } = useTranslation();
  const { why, detail, session } = state;
  const text = detail ?? (why === "loop" || why === "noIssuer" ? t(`start.${why}Text`) : t("start.unreachableText"));
  return (
    <Notice title={t(`start.${why}`)} text={text}>
      {why !== "noIssuer" && <Button onClick={() => window.location.assign("/")}>{t("start.retry")}</Button>}
      {why === "notInvited" && session && (
        <Button variant="default" onClick={() => void session.signOut()}>
          {t("app.signOut")}
        </Button>
      )}
    </Notice>
  );
}

function Starting() {
  const { t } = useTranslation();
  return (
    <Center component="main" mih="100dvh" aria-busy="true">
      <Stack align="center" gap="sm" role="status">
        <Loader size="sm" aria-hidden="true" />
        <Text c="dimmed">{t("start.starting")}</Text>
      </Stack>
    </Center>
  );
}

function Notice({ title, text, children }: { title: string; text: string; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Wirety`;
  }, [title]);
  return (
    <Center component="main" mih="100dvh" p="lg">
      <Stack maw={460} gap="md">
        <Logo size={40} />
        <Title order={1} size="h2">
          {title}
        </Title>
        <Text>{text}</Text>
        <Group>{children}</Group>
      </Stack>
    </Center>
  );
}
