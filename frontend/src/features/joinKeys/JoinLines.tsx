/** A join key, shown this once: the line that hosts run, for each platform, and the key alone. */
import { Tabs, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { JoinKeyCreated } from "@/api/shapes";
import { CopyBlock } from "@/components/Copy";
import { OnceSecret } from "@/components/OnceSecret";
import { joinCloudInit, joinCommand } from "@/lib/commands";

export function JoinLines({ made, onClose }: { made: JoinKeyCreated; onClose: () => void }) {
  const { t } = useTranslation();
  const title = t("joinKeys.createdTitle", { name: made.key.name });
  return (
    <OnceSecret title={title} secret={made.secret} copy={t("joinKeys.copy")} onClose={onClose}>
      {made.secret && <Platforms secret={made.secret} />}
    </OnceSecret>
  );
}

function Platforms({ secret }: { secret: string }) {
  const { t } = useTranslation();
  return (
    <Tabs defaultValue="linux" keepMounted={false}>
      <Tabs.List>
        <Tabs.Tab value="linux">{t("joinKeys.linux")}</Tabs.Tab>
        <Tabs.Tab value="cloudInit">{t("joinKeys.cloudInit")}</Tabs.Tab>
        <Tabs.Tab value="other">{t("joinKeys.other")}</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="linux" pt="md">
        <Text size="sm" mb={6}>
          {t("joinKeys.linuxText")}
        </Text>
        <CopyBlock text={joinCommand(window.location, secret)} label={t("joinKeys.copyLine")} />
      </Tabs.Panel>
      <Tabs.Panel value="cloudInit" pt="md">
        <Text size="sm" mb={6}>
          {t("joinKeys.cloudInitText")}
        </Text>
        <CopyBlock text={joinCloudInit(window.location, secret)} label={t("joinKeys.copyLine")} />
      </Tabs.Panel>
      <Tabs.Panel value="other" pt="md">
        <Text size="sm">{t("joinKeys.otherText")}</Text>
      </Tabs.Panel>
    </Tabs>
  );
}
