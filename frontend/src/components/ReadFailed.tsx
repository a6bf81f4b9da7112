/** Something could not be read: what the API said, and another try. */
import { Alert, Button, Stack } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { messageOf } from "@/lib/problem";

export function ReadFailed({ title, error, retry }: { title: string; error: Error; retry: () => void }) {
  const { t } = useTranslation();
  return (
    <Alert color="red" variant="outline" title={title} icon={<IconAlertTriangle aria-hidden />} role="alert">
      <Stack align="flex-start" gap="sm">
        {messageOf(error)}
        <Button size="xs" variant="default" onClick={retry}>
          {t("words.tryAgain")}
        </Button>
      </Stack>
    </Alert>
  );
}
