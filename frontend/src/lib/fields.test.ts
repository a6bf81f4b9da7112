import { expect, test, vi } from "vitest";
import { listed, spread } from "@/lib/fields";
import { Problem } from "@/lib/problem";

test("a refusal's words stand on the fields they are about, the rest on the form", () => {
  const placed: Array<[string, string | undefined]> = [];
  const place = (field: string, error: { message?: string }) => placed.push([field, error.message]);
  const errors = [
    { field: "cidr", message: "host bits" },
    { field: "dns[1]", message: "no address" },
    { field: "allow_public", message: "no such field" },
  ];

  const left = spread(new Problem({ status: 422, code: "invalid", detail: "…", errors }), {
    fields: ["name", "cidr", "dns"],
    ofCode: {},
    setError: place as never,
  });

  expect(placed).toEqual([
    ["cidr", "host bits"],
    ["dns", "no address"],
  ]);
  expect(left).toBe("no such field");
});

test("a conflict's words stand on the field its code is about", () => {
  const place = vi.fn();

  const refusal = new Problem({ status: 409, code: "network_overlap", detail: "overlaps home" });

  const left = spread(refusal, { fields: ["cidr"], ofCode: { network_overlap: "cidr" }, setError: place });

  expect(place).toHaveBeenCalledWith("cidr", { type: "server", message: "overlaps home" }, { shouldFocus: true });
  expect(left).toBeUndefined();
});

test("lists are written with commas", () => {
  expect(listed(" 9.9.9.9, ,1.1.1.1 ")).toEqual(["9.9.9.9", "1.1.1.1"]);
  expect(listed("")).toEqual([]);
});
