/** A network's name and addresses; the API's objections stand on the fields they are about. */
import { zodResolver } from "@hookform/resolvers/zod";
import { Button, Collapse, Stack, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useState } from "react";
import { useForm } from "react-hook-form";
import { useTranslation } from "react-i18next";
import * as z from "zod/mini";
import type { Network } from "@/api/shapes";
import { Dialog } from "@/components/Dialog";
import { FormEnd } from "@/components/FormEnd";
import { listed, spread } from "@/lib/fields";
import { FIELD_OF_CODE, useCreateNetwork } from "./api";
import { useOpenNetwork } from "./open";
import { suggestedCidr, suggestedName } from "./suggestions";

const FIELDS = ["name", "cidr", "cidr_v6", "domain", "dns"] as const;
const form = (required: string) =>
  z.object({
    name: z.string().check(z.trim(), z.minLength(1, required)),
    cidr: z.string().check(z.trim(), z.minLength(1, required)),
    cidr_v6: z.string().check(z.trim()),
    domain: z.string().check(z.trim()),
    dns: z.string(),
  });
type Values = z.infer<ReturnType<typeof form>>;

export default function CreateNetworkDialog({ networks, onClose }: { networks: Network[]; onClose: () => void }) {
  const { t } = useTranslation();
  const create = useCreateNetwork();
  const open = useOpenNetwork();
  const [refusal, setRefusal] = useState<string>();
  const [more, { toggle, open: showMore }] = useDisclosure(false);
  const cidr = suggestedCidr(networks.map((network) => network.cidr));
  const name = suggestedName(networks.map((network) => network.name));
  const { register, handleSubmit, setError, formState } = useForm<Values>({
    resolver: zodResolver(form(t("words.required"))),
    defaultValues: { name, cidr, cidr_v6: "", domain: "", dns: "" },
  });
  const refuse = (error: Error) => {
    setRefusal(spread(error, { fields: FIELDS, ofCode: FIELD_OF_CODE, setError }));
    showMore();
  };
  const submit = handleSubmit((values) => {
    setRefusal(undefined);
    create.mutate(requestOf(values), { onSuccess: open, onError: refuse });
  });
  const errorOf = (field: keyof Values) => formState.errors[field]?.message;
  return (
    <Dialog title={t("networks.create")} opened onClose={onClose} closeLabel={t("words.cancel")}>
      <form onSubmit={submit} noValidate>
        <Stack>
          <TextInput
            label={t("networks.name")}
            description={t("networks.nameHint")}
            error={errorOf("name")}
            autoComplete="off"
            data-autofocus
            {...register("name")}
          />
          <TextInput
            label={t("networks.cidr")}
            description={t("networks.cidrHint", { cidr })}
            error={errorOf("cidr")}
            autoComplete="off"
            {...register("cidr")}
          />
          <Button variant="subtle" size="compact-sm" onClick={toggle} aria-expanded={more} mr="auto">
            {t("networks.more")}
          </Button>
          <Collapse expanded={more}>
            <Stack>
              <TextInput
                label={t("networks.cidrV6Label")}
                description={t("networks.cidrV6Hint")}
                error={errorOf("cidr_v6")}
                {...register("cidr_v6")}
              />
              <TextInput
                label={t("networks.domainLabel")}
                description={t("networks.domainHint")}
                error={errorOf("domain")}
                {...register("domain")}
              />
              <TextInput
                label={t("networks.dnsLabel")}
                description={t("networks.dnsHint")}
                error={errorOf("dns")}
                {...register("dns")}
              />
            </Stack>
          </Collapse>
          <FormEnd
            refusal={refusal}
            submit={t("networks.create")}
            cancel={t("words.cancel")}
            busy={create.isPending}
            onCancel={onClose}
          />
        </Stack>
      </form>
    </Dialog>
  );
}

function requestOf(values: Values) {
  const { name, cidr, cidr_v6, domain, dns } = values;
  return { name, cidr, ...(cidr_v6 && { cidr_v6 }), ...(domain && { domain }), ...(dns && { dns: listed(dns) }) };
}
