/** A page for what is not there, with the way back. */
import { Button, Container, Stack, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

export function Nowhere({ title, text }: { title: string; text: string }) {
  const { t } = useTranslation();
  return (
    <Container size="sm" py="xl">
      <Stack align="flex-start">
        <Title order={1} size="h2">
          {title}
        </Title>
        <Text>{text}</Text>
        <Button component={Link} to="/networks">
          {t("app.backToNetworks")}
        </Button>
      </Stack>
    </Container>
  );
}
