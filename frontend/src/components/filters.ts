/** The filters of a page, kept in its address so that a link or a reload shows the same rows. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { set } from "@/lib/filters";

export type Filters = Readonly<Record<string, string | undefined>>;

/** What is set now, and how to change it: an empty text or undefined takes a filter out. */
export function useFilters(): [Filters, (change: Filters) => void] {
  const filters = useSearch({ strict: false }) as Filters;
  const navigate = useNavigate();
  const change = (changed: Filters) =>
    void navigate({ to: ".", search: (before: Filters) => set({ ...before, ...changed }), replace: true } as never);
  return [filters, change];
}
