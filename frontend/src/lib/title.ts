/** The page's title in the tab. */
import { useEffect } from "react";
import { useTranslation } from "react-i18next";

export function useTitle(page: string): void {
  const { t } = useTranslation();
  useEffect(() => {
    document.title = t("page.title", { page });
  }, [page, t]);
}
