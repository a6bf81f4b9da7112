/** A network was made: say so, and go there. */
import { notifications } from "@mantine/notifications";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { Network } from "@/api/shapes";

export function useOpenNetwork(): (network: Network) => void {
  const { t } = useTranslation();
  const navigate = useNavigate();
  return (network) => {
    const title = t("networks.createdToast", { name: network.name });
    notifications.show({ title, message: t("networks.createdToastText"), color: "teal" });
    void navigate({ to: "/networks/$networkId", params: { networkId: network.id } });
  };
}
