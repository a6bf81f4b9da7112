/** Something could not be read: what the API said, and another try where that can help. */
import { Alert, Button, Stack } from "@mantine/core";
import { IconAlertTriangle, IconLock } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { EmptyState } from "@/components/EmptyState";
import { messageOf, Problem } from "@/lib/problem";

export function ReadFailed({ title, error, retry }: { title: string; error: Error; retry: () => void }) {
  const { t } = useTranslation();
  if (error instanceof Problem && error.status === 403) return <Refused text={error.message} />;
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

/** Another try changes nothing: only another role does. */
function Refused({ text }: { text: string }) {
  const { t } = useTranslation();
  return <EmptyState icon={<IconLock size={30} aria-hidden />} title={t("page.refused")} text={text} />;
}
