/** Hands texts to the person as one file; its blob is gone right after. */
export function save(name: string, ...texts: string[]): void {
  const url = URL.createObjectURL(new Blob(texts, { type: "application/octet-stream" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
