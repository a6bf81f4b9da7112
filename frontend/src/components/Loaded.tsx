/** What is read of the API: being read, refused with another try, or there. */
import { Group, Loader, VisuallyHidden } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { ReadFailed } from "@/components/ReadFailed";

export type Reading<Data> = { data: Data | undefined; error: Error | null; refetch: () => unknown };

type Props<Data> = { reading: Reading<Data>; what: string; failed: string; children: (data: Data) => ReactNode };

/** What was read before stays when reading it again fails. */
export function Loaded<Data>({ reading, what, failed, children }: Props<Data>) {
  const { t } = useTranslation();
  const { data, error, refetch } = reading;
  if (data !== undefined) return children(data);
  if (error) return <ReadFailed title={failed} error={error} retry={() => void refetch()} />;
  return (
    <Group role="status" py="sm">
      <Loader size="sm" aria-hidden="true" />
      <VisuallyHidden>{t("page.reading", { what })}</VisuallyHidden>
    </Group>
  );
}
