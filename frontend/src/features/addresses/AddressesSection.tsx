/** A network's range: how full it is, a picture of it, what is reserved, and who has which address. */
import { Paper, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useApi } from "@/api/context";
import { Fact, Facts } from "@/components/Facts";
import { Loaded } from "@/components/Loaded";
import { useNetwork } from "@/components/network";
import { AddressesTable } from "./AddressesTable";
import { addressesQuery } from "./api";
import { RangePicture } from "./RangePicture";
import { Reservations } from "./Reservations";

export default function AddressesSection() {
  const { t } = useTranslation();
  const network = useNetwork();
  const reading = useQuery(addressesQuery(useApi(), network.id));
  return (
    <Stack gap="lg">
      <div>
        <Title order={2} size="h3">
          {t("addresses.title")}
        </Title>
        <Text size="sm" c="dimmed">
          {t("addresses.lead", { cidr: network.cidr })}
        </Text>
      </div>
      <Loaded reading={reading} what={t("addresses.title")} failed={t("addresses.readFailed")}>
        {(addresses) => {
          const { usable, allocated, reserved, quarantined, available } = addresses.capacity.ipv4;
          const facts = { usable, held: allocated, reserved, quarantined, free: available };
          return (
            <>
              <Paper withBorder px="md" py="sm" radius="md">
                <Facts>
                  {Object.entries(facts).map(([name, count]) => (
                    <Fact
                      key={name}
                      label={t(`addresses.${name as keyof typeof facts}`)}
                      value={count.toLocaleString("en")}
                    />
                  ))}
                </Facts>
              </Paper>
              <RangePicture addresses={addresses} />
              <Reservations reservations={addresses.capacity.reservations} />
              <AddressesTable allocations={addresses.allocations} />
            </>
          );
        }}
      </Loaded>
    </Stack>
  );
}
