/** A static peer's file and QR code, shown this once; nothing of it outlives the panel. */
import { Alert, Button, Checkbox, Code, Group, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconDownload } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { encode } from "uqr";
import { CopyText } from "@/components/Copy";
import { Dialog } from "@/components/Dialog";
import { save } from "@/lib/save";
import classes from "./FilePanel.module.css";
import { fileName, withoutIpv6 } from "./profile";

const QR_MAX = 2953; // bytes of version 40 at level L, ISO/IEC 18004

/** `text` undefined: no hub has a key yet. `notes`: what the API says its owner has to know. */
export type MadeFile = { name: string; text: string | undefined; notes: string[] };

export function FilePanel({ file, onClose }: { file: MadeFile; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Dialog title={t("file.title", { name: file.name })} opened onClose={onClose} closeLabel={t("file.done")} size="lg">
      {file.text ? (
        <Shown name={file.name} whole={file.text} notes={file.notes} onClose={onClose} />
      ) : (
        <Alert color="yellow" variant="outline">
          {t("file.noFile")}
        </Alert>
      )}
    </Dialog>
  );
}

type Props = { name: string; whole: string; notes: string[]; onClose: () => void };

function Shown({ name, whole, notes, onClose }: Props) {
  const { t } = useTranslation();
  const [noIpv6, setNoIpv6] = useState(false);
  const narrow = withoutIpv6(whole);
  const text = noIpv6 ? narrow : whole;
  const [shown, { toggle }] = useDisclosure(false);
  const file = fileName(name);
  return (
    <Stack>
      <Alert color="yellow" variant="outline">
        {t("file.once")}
      </Alert>
      <Group align="flex-start" gap="lg">
        {text.length > QR_MAX ? <Text>{t("file.noQr")}</Text> : <QrCode text={text} label={t("file.qr", { name })} />}
        <Stack gap="sm" style={{ flex: "1 1 200px" }}>
          <div>
            <Text fw={600}>{t("file.scan")}</Text>
            <Text size="sm" c="dimmed">
              {t("file.scanText")}
            </Text>
          </div>
          <Button leftSection={<IconDownload size={16} aria-hidden />} onClick={() => save(file, text)}>
            {t("file.download", { file })}
          </Button>
          <Group gap="xs">
            <CopyText value={text} label={t("file.copy")} />
            <Button size="xs" variant="subtle" onClick={toggle} aria-expanded={shown}>
              {t("file.show")}
            </Button>
          </Group>
        </Stack>
      </Group>
      {narrow !== whole && (
        <Checkbox
          label={t("file.noIpv6")}
          description={t("file.noIpv6Text")}
          checked={noIpv6}
          onChange={(event) => setNoIpv6(event.currentTarget.checked)}
        />
      )}
      {[...notes, ...(noIpv6 ? [t(whole.includes("::/0") ? "file.leaksIpv6" : "file.lacksIpv6")] : [])].map((note) => (
        <Alert key={note} color="yellow" variant="outline">
          {note}
        </Alert>
      ))}
      {shown && (
        <Code block tabIndex={0} aria-label={t("file.contents", { file })}>
          {text}
        </Code>
      )}
      <Group justify="flex-end">
        <Button onClick={onClose}>{t("file.done")}</Button>
      </Group>
    </Stack>
  );
}

/** Black on white in both schemes: cameras want the contrast and the quiet zone. */
function QrCode({ text, label }: { text: string; label: string }) {
  const { size, path } = useMemo(() => {
    const code = encode(text, { ecc: "L", border: 4 });
    const dark = code.data.flatMap((row, y) => row.flatMap((on, x) => (on ? [`M${x} ${y}h1v1h-1z`] : [])));
    return { size: code.size, path: dark.join("") };
  }, [text]);
  return (
    <svg
      className={classes.qr}
      viewBox={`0 0 ${size} ${size}`}
      role="img"
      aria-label={label}
      shapeRendering="crispEdges"
    >
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}
