/** Whether what is shown is live; silent about itself unless that is lost, and when it is back. */
import { Badge, Tooltip, VisuallyHidden } from "@mantine/core";
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { useSignedIn } from "@/api/context";

const COLORS = { connected: "teal", connecting: "gray", lost: "orange" } as const;

export function LiveBadge() {
  const { t } = useTranslation();
  const { live } = useSignedIn();
  const state = useSyncExternalStore(live.subscribe, live.current);
  const said = useAnnouncement(state);
  return (
    <>
      <Tooltip label={t("live.lostText")} disabled={state !== "lost"} multiline w={260}>
        <Badge variant="dot" color={COLORS[state]} size="lg" tt="none" fw={500} style={{ flexShrink: 0 }}>
          {t(`live.${state}`)}
        </Badge>
      </Tooltip>
      <VisuallyHidden role="status">{said}</VisuallyHidden>
    </>
  );
}

function useAnnouncement(state: "connected" | "connecting" | "lost"): string {
  const { t } = useTranslation();
  const wasLost = useRef(false);
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (state === "lost") {
      wasLost.current = true;
      setSaid(t("live.lostText"));
    } else if (state === "connected" && wasLost.current) {
      wasLost.current = false;
      setSaid(t("live.back"));
    }
  }, [state, t]);
  return said;
}
