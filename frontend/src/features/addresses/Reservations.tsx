/** Ranges that are kept from peers, and what is done about them. */
import { Button, Group, List, Stack, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconPlus } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { useMay } from "@/api/me";
import type { Reservation } from "@/api/shapes";
import { useNetwork } from "@/components/network";
import { useRelease } from "./api";

const ReserveDialog = lazy(() => import("./ReserveDialog"));
const ConfirmDelete = lazy(async () => ({ default: (await import("@/components/ConfirmDelete")).ConfirmDelete }));

export function Reservations({ reservations }: { reservations: readonly Reservation[] }) {
  const { t } = useTranslation();
  const network = useNetwork();
  const mayReserve = useMay("POST /networks/{network_id}/reservations");
  const mayRelease = useMay("DELETE /networks/{network_id}/reservations");
  const [reserving, setReserving] = useState(false);
  const [releasing, setReleasing] = useState<Reservation>();
  const rangeOf = ({ first, last }: Reservation) => (first === last ? first : t("addresses.range", { first, last }));
  const release = useRelease(network.id, () => {
    if (releasing) notifications.show({ message: t("addresses.releasedToast", { range: rangeOf(releasing) }) });
    setReleasing(undefined);
  });
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <Title order={3} size="h4">
          {t("addresses.reservations")}
        </Title>
        {mayReserve && (
          <Button variant="default" leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setReserving(true)}>
            {t("addresses.reserve")}
          </Button>
        )}
      </Group>
      {reservations.length === 0 ? (
        <Text size="sm" c="dimmed">
          {t("addresses.none")}
        </Text>
      ) : (
        <List listStyleType="none" spacing={6} aria-label={t("addresses.reservations")}>
          {reservations.map((reservation) => (
            <List.Item key={reservation.first}>
              <Group gap="sm">
                <Text ff="monospace" size="sm">
                  {rangeOf(reservation)}
                </Text>
                <Text size="sm" c="dimmed">
                  {reservation.note}
                </Text>
                {mayRelease && (
                  <Button
                    variant="subtle"
                    size="compact-sm"
                    aria-label={`${t("addresses.release")} ${rangeOf(reservation)}`}
                    onClick={() => setReleasing(reservation)}
                  >
                    {t("addresses.release")}
                  </Button>
                )}
              </Group>
            </List.Item>
          ))}
        </List>
      )}
      <Suspense>
        {reserving && <ReserveDialog onClose={() => setReserving(false)} />}
        {releasing && (
          <ConfirmDelete
            title={t("addresses.releaseTitle", { range: rangeOf(releasing) })}
            text={t("addresses.releaseText")}
            confirm={t("addresses.release")}
            cancel={t("words.cancel")}
            error={release.error}
            busy={release.isPending}
            onConfirm={() => release.mutate(releasing)}
            onClose={() => setReleasing(undefined)}
          />
        )}
      </Suspense>
    </Stack>
  );
}
