/** The rules in their order, which is changed by dragging, by arrow keys or by each rule's menu. */
import { ActionIcon, Badge, VisuallyHidden } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconCopy, IconGripVertical, IconPencil, IconTrash } from "@tabler/icons-react";
import { type KeyboardEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { AclRule } from "@/api/shapes";
import { ActionMenu } from "@/components/ActionMenu";
import classes from "./Rules.module.css";
import type { Names } from "./selectors";
import { saidEnd, saidTraffic } from "./words";

type Props = {
  rules: readonly AclRule[];
  names: Names;
  /** The rule that decides what is being tested. */
  decides: number | undefined;
  /** Undefined for those who may only read. */
  edit: Edit | undefined;
};

export type Edit = {
  move: (from: number, to: number) => void;
  open: (at: number) => void;
  duplicate: (at: number) => void;
  remove: (at: number) => void;
};

export function RulesTable({ rules, names, decides, edit }: Props) {
  const { t } = useTranslation();
  const [dragged, setDragged] = useState<number>();
  const [over, setOver] = useState<number>();
  const [said, setSaid] = useState("");
  const move = (from: number, to: number) => {
    if (!edit || to < 0 || to >= rules.length || from === to) return;
    edit.move(from, to);
    setSaid(t("rules.movedTo", { number: to + 1, count: rules.length }));
  };
  const byKey = (at: number) => (event: KeyboardEvent<HTMLButtonElement>) => {
    const to = { ArrowUp: at - 1, ArrowDown: at + 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    move(at, to);
    const body = event.currentTarget.closest("tbody");
    requestAnimationFrame(() => body?.querySelector<HTMLElement>(`tr:nth-child(${to + 1}) [data-handle]`)?.focus());
  };
  const actionsOf = (at: number) =>
    edit
      ? [
          { label: t("rules.edit"), icon: IconPencil, run: () => edit.open(at) },
          ...(at > 0 ? [{ label: t("rules.up"), icon: IconArrowUp, run: () => move(at, at - 1) }] : []),
          ...(at < rules.length - 1
            ? [{ label: t("rules.down"), icon: IconArrowDown, run: () => move(at, at + 1) }]
            : []),
          { label: t("rules.duplicate"), icon: IconCopy, run: () => edit.duplicate(at) },
          { label: t("rules.remove"), icon: IconTrash, run: () => edit.remove(at), isDestructive: true },
        ]
      : [];
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard
    <section className={classes.scroll} aria-label={t("rules.title")} tabIndex={0}>
      <table className={classes.table}>
        <thead>
          <tr>
            <th>{t("rules.number")}</th>
            <th>{t("rules.action")}</th>
            <th>{t("rules.from")}</th>
            <th>{t("rules.to")}</th>
            <th>{t("rules.traffic")}</th>
            {edit && (
              <th>
                <VisuallyHidden>{t("words.actions")}</VisuallyHidden>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {rules.map((rule, at) => (
            <tr
              // biome-ignore lint/suspicious/noArrayIndexKey: a rule is its place
              key={at}
              className={classes.row}
              data-decides={at === decides || undefined}
              data-over={(dragged !== undefined && over === at) || undefined}
              draggable={edit !== undefined}
              onDragStart={() => setDragged(at)}
              onDragEnd={() => setDragged(undefined)}
              onDragOver={(event) => {
                event.preventDefault();
                setOver(at);
              }}
              onDrop={() => dragged !== undefined && move(dragged, at)}
            >
              <td className={classes.number}>
                {edit && (
                  <ActionIcon
                    data-handle
                    className={classes.handle}
                    aria-label={t("rules.move", { number: at + 1 })}
                    onKeyDown={byKey(at)}
                  >
                    <IconGripVertical size={16} aria-hidden />
                  </ActionIcon>
                )}{" "}
                {at + 1}
              </td>
              <td>
                <Badge
                  variant="outline"
                  color={rule.action === "allow" ? "green" : "red"}
                  c="var(--mantine-color-text)"
                >
                  {t(`rules.${rule.action}`)}
                </Badge>
              </td>
              <td>{saidEnd(t, rule.source, names)}</td>
              <td>{saidEnd(t, rule.destination, names)}</td>
              <td>{saidTraffic(t, rule)}</td>
              {edit && (
                <td>
                  <ActionMenu name={t("rules.named", { number: at + 1 })} actions={actionsOf(at)} />
                </td>
              )}
            </tr>
          ))}
          <tr className={classes.otherwise}>
            <td>–</td>
            <td colSpan={edit ? 5 : 4}>{t("rules.otherwise")}</td>
          </tr>
        </tbody>
      </table>
      <VisuallyHidden role="status">{said}</VisuallyHidden>
    </section>
  );
}
