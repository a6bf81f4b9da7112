/** The nonce under which this page may add styles; the server writes it into index.html. */
const UNSET = "__CSP_NONCE__";

export function styleNonce(): string | undefined {
  const content = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content;
  return content && content !== UNSET ? content : undefined;
}
