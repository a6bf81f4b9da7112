/** A network's rules: read, edited in a draft, tried, and put in force as a whole. */
import { Alert, Button, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { IconPlus, IconShieldHalf } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "@/api/context";
import { useMay } from "@/api/me";
import type { Acl, AclRule, Peer } from "@/api/shapes";
import { EmptyState } from "@/components/EmptyState";
import { Loaded } from "@/components/Loaded";
import { useNetwork } from "@/components/network";
import { aclQuery } from "./api";
import { begun, differences, inserted, moved, put, useDraft, without } from "./draft";
import { ReachMatrix } from "./ReachMatrix";
import { answer, type Question, ReachTest } from "./ReachTest";
import classes from "./Rules.module.css";
import { RulesTable } from "./RulesTable";
import { policyOf, type Traffic } from "./reach";
import { namesOf } from "./selectors";

const RuleDialog = lazy(() => import("./RuleDialog"));
const SaveRules = lazy(() => import("./SaveRules"));

const NEW: AclRule = { source: "*", destination: "*", action: "allow", protocol: null, ports: [] };

/** `peers`: all of the network, which the page brings. */
export function RulesSection({ peers }: { peers: readonly Peer[] }) {
  const { t } = useTranslation();
  const network = useNetwork();
  const reading = useQuery(aclQuery(useApi(), network.id));
  return (
    <Loaded reading={reading} what={t("rules.title")} failed={t("rules.readFailed")}>
      {(acl) => <Editor stored={acl} peers={peers} />}
    </Loaded>
  );
}

function Editor({ stored, peers }: { stored: Acl; peers: readonly Peer[] }) {
  const { t } = useTranslation();
  const network = useNetwork();
  const mayEdit = useMay("PUT /networks/{network_id}/acl");
  const [kept, keep] = useDraft(network.id);
  const draft = kept ?? begun(stored);
  const { rules } = draft;
  const changes = useMemo(() => differences(stored.rules, rules), [stored.rules, rules]);
  const isUnsaved = kept !== undefined && changes.length > 0;
  const isOvertaken = isUnsaved && kept.version !== stored.version;
  const [opened, setOpened] = useState<number | "new">();
  const [saving, setSaving] = useState(false);
  const [question, setQuestion] = useState<Question>({ from: "", to: "" });
  const [traffic, setTraffic] = useState<Traffic>({ protocol: "tcp", port: 443 });
  const names = useMemo(() => namesOf(peers), [peers]);
  const policy = useMemo(() => policyOf(peers, rules), [peers, rules]);
  const found = answer(question, traffic, policy, peers);
  const decides = found && "because" in found && found.because.kind === "rule" ? found.because.rule : undefined;
  useWarning(isUnsaved);
  const edited = (next: readonly AclRule[]) => {
    keep(differences(stored.rules, next).length > 0 ? { ...draft, rules: next } : undefined);
  };
  const use = (rule: AclRule) => {
    edited(typeof opened === "number" ? put(rules, opened, rule) : [...rules, rule]);
    setOpened(undefined);
  };
  const edit = {
    move: (from: number, to: number) => edited(moved(rules, from, to)),
    open: setOpened,
    duplicate: (at: number) => edited(inserted(rules, at + 1, rules[at] ?? NEW)),
    remove: (at: number) => edited(without(rules, at)),
  };
  const add = mayEdit && (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setOpened("new")}>
      {t("rules.add")}
    </Button>
  );
  return (
    <Stack gap="lg">
      <Stack gap="sm">
        <Group justify="space-between" align="flex-end">
          <div>
            <Title order={2} size="h3">
              {t("rules.title")}
            </Title>
            <Text size="sm" c="dimmed">
              {t("rules.lead")}
            </Text>
          </div>
          {rules.length > 0 && add}
        </Group>
        {isOvertaken && (
          <Alert color="yellow" variant="outline" role="alert">
            <Stack gap="sm" align="flex-start">
              {t("rules.otherwiseStored")}
              <Button variant="default" size="compact-sm" onClick={() => keep(undefined)}>
                {t("rules.takeStored")}
              </Button>
            </Stack>
          </Alert>
        )}
        {rules.length > 0 ? (
          <RulesTable rules={rules} names={names} decides={decides} edit={mayEdit ? edit : undefined} />
        ) : (
          <EmptyState
            icon={<IconShieldHalf size={30} aria-hidden />}
            title={t("rules.emptyTitle")}
            text={t("rules.emptyText")}
          >
            {add}
          </EmptyState>
        )}
        {isUnsaved && (
          <Paper withBorder shadow="md" radius="lg" px="md" py={8} className={classes.unsaved}>
            <Group justify="space-between">
              <Text size="sm" fw={600} role="status">
                {t("rules.unsaved", { count: changes.length })}
              </Text>
              <Group gap="sm">
                <Button variant="default" onClick={() => keep(undefined)}>
                  {t("rules.discard")}
                </Button>
                <Button onClick={() => setSaving(true)} disabled={isOvertaken}>
                  {t("rules.review")}
                </Button>
              </Group>
            </Group>
          </Paper>
        )}
      </Stack>
      <ReachTest
        question={question}
        traffic={traffic}
        policy={policy}
        rules={rules}
        peers={peers}
        isUnsaved={isUnsaved}
        onAsk={setQuestion}
        onTraffic={setTraffic}
      />
      <ReachMatrix policy={policy} traffic={traffic} peers={peers} />
      <Suspense>
        {opened !== undefined && (
          <RuleDialog
            title={opened === "new" ? t("rules.addTitle") : t("rules.editTitle", { number: opened + 1 })}
            rule={opened === "new" ? NEW : (rules[opened] ?? NEW)}
            peers={peers}
            onUse={use}
            onClose={() => setOpened(undefined)}
          />
        )}
        {saving && (
          <SaveRules
            draft={draft}
            changes={changes}
            names={names}
            onSaved={() => {
              setSaving(false);
              keep(undefined);
            }}
            onClose={() => setSaving(false)}
          />
        )}
      </Suspense>
    </Stack>
  );
}

/** The browser asks before the window is closed over what is not saved. */
function useWarning(isUnsaved: boolean): void {
  useEffect(() => {
    if (!isUnsaved) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, [isUnsaved]);
}
