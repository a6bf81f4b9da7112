/** Pages for what is not there, and for what broke. */
import { Button, Container, Stack, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Nowhere } from "@/components/Nowhere";

export function NotFound() {
  const { t } = useTranslation();
  return <Nowhere title={t("app.notFound")} text={t("app.notFoundText")} />;
}

export function PageBroke() {
  const { t } = useTranslation();
  return (
    <Container size="sm" py="xl">
      <Stack align="flex-start" role="alert">
        <Title order={1} size="h2">
          {t("app.broken")}
        </Title>
        <Text>{t("app.brokenText")}</Text>
        <Button onClick={() => window.location.reload()}>{t("app.reload")}</Button>
      </Stack>
    </Container>
  );
}
