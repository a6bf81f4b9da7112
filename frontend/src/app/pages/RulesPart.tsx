/** The part of a network's page about its rules, with the peers that they name. */
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useApi } from "@/api/context";
import { Loaded } from "@/components/Loaded";
import { useNetwork } from "@/components/network";
import { peersQuery } from "@/features/peers/api";
import { RulesSection } from "@/features/rules/RulesSection";

export default function RulesPart() {
  const { t } = useTranslation();
  const reading = useQuery(peersQuery(useApi(), useNetwork().id));
  return (
    <Loaded reading={reading} what={t("network.peers")} failed={t("peers.readFailed")}>
      {(peers) => <RulesSection peers={peers} />}
    </Loaded>
  );
}
