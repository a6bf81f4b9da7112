/** Pages for what is not there, and for what broke. */
import { Button, Group } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useSignedIn } from "@/api/context";
import { Nowhere } from "@/components/Nowhere";
import { Page } from "@/components/Page";

export function NotFound() {
  const { t } = useTranslation();
  return <Nowhere title={t("app.notFound")} text={t("app.notFoundText")} />;
}

export function PageBroke() {
  const { t } = useTranslation();
  return (
    <div role="alert">
      <Page title={t("app.broken")} description={t("app.brokenText")} isNarrow>
        <Group>
          <Button onClick={() => window.location.reload()}>{t("app.reload")}</Button>
        </Group>
      </Page>
    </div>
  );
}

/** Suspended or removed while here. */
export function NoAccess() {
  const { t } = useTranslation();
  const { session } = useSignedIn();
  return (
    <div role="alert">
      <Page title={t("app.noAccess")} description={t("app.noAccessText")} isNarrow>
        <Group>
          <Button onClick={() => void session.signOut()}>{t("app.signOut")}</Button>
        </Group>
      </Page>
    </div>
  );
}
