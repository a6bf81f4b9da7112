/** A page for what is not there, with the way back. */
import { Button, Group } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Page } from "@/components/Page";

export function Nowhere({ title, text }: { title: string; text: string }) {
  const { t } = useTranslation();
  return (
    <Page title={title} description={text} isNarrow>
      <Group>
        <Button component={Link} to="/">
          {t("page.back")}
        </Button>
      </Group>
    </Page>
  );
}
