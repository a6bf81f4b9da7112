/** Deleting, with the blast radius named; what many depend on wants its name typed. */
import { Alert, Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { Dialog } from "@/components/Dialog";
import { messageOf } from "@/lib/problem";

type Props = {
  title: string;
  text: string;
  confirm: string;
  cancel: string;
  typed?: { name: string; label: string };
  error: Error | null;
  busy: boolean;
  onConfirm: () => void;
  onClose: () => void;
};

export function ConfirmDelete(props: Props) {
  const [typed, setTyped] = useState("");
  const isSure = !props.typed || typed === props.typed.name;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isSure) props.onConfirm();
  };
  return (
    <Dialog title={props.title} opened onClose={props.onClose} closeLabel={props.cancel}>
      <form onSubmit={submit}>
        <Stack>
          <Text>{props.text}</Text>
          {props.typed && (
            <TextInput
              label={props.typed.label}
              value={typed}
              onChange={(event) => setTyped(event.currentTarget.value)}
              autoComplete="off"
              data-autofocus
            />
          )}
          {props.error && (
            <Alert color="red" variant="outline" role="alert">
              {messageOf(props.error)}
            </Alert>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={props.onClose}>
              {props.cancel}
            </Button>
            <Button type="submit" color="red.9" disabled={!isSure} loading={props.busy}>
              {props.confirm}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
